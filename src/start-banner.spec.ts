import { describe, expect, it } from '@jest/globals';
import { parseConfig } from './platform/config/config.js';
import type { RuntimeConfig } from './platform/platform.module.js';
import { startBanner } from './start-banner.js';

const URL = 'http://127.0.0.1:3000';
const GENERATED = 'mk_admin_generated_once';

function banner(env: Readonly<Record<string, string>> = {}, hasDemo = true): string {
  const config = parseConfig({ DATA_DIR: '/srv/matchum', ...env });
  const runtime: RuntimeConfig = {
    ...config,
    databaseUrl: '',
    redisUrl: '',
    publicUrl: config.publicUrl ?? URL,
    secrets: { adminKey: config.adminKey ?? GENERATED, tokenSecrets: [] },
  };
  return startBanner({ url: URL, config: runtime, hasDemo });
}

describe('what is printed once the product runs', () => {
  it('tells a generated key and where it is kept, and asks with it', () => {
    expect(banner()).toContain(`Admin key  ${GENERATED}`);
    expect(banner()).toContain('/srv/matchum/admin-key');
    expect(banner()).toMatch(new RegExp(`curl -s ${URL}/v1/match -H "authorization: Bearer ${GENERATED}" `));
  });

  it('does not tell a key that somebody has configured', () => {
    const printed = banner({ ADMIN_KEY: 'mk_admin_of_somebody' });
    expect(printed).not.toContain('mk_admin_of_somebody');
    expect(printed).toContain('"authorization: Bearer $ADMIN_KEY"');
  });

  it('asks this machine, wherever members reach the tracking links', () => {
    const printed = banner({ PUBLIC_URL: 'https://ads.example.com' });
    expect(printed).toContain(`Matchum listens at ${URL}`);
    expect(printed).not.toContain('ads.example.com');
  });

  it('has no request where there is no demo, and no key for a worker', () => {
    expect(banner({}, false)).not.toContain('curl');
    expect(banner({ ROLE: 'worker' })).not.toContain(GENERATED);
  });
});
