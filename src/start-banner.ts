import { DEMO_MEMBER } from './commands/demo/demo-member.js';
import type { RuntimeConfig } from './platform/platform.module.js';

export interface Started {
  /** Where this process can be reached from its own machine. */
  readonly url: string;
  readonly config: RuntimeConfig;
  readonly hasDemo: boolean;
}

/** What a person reads once the product runs: where, with which key, and a first request to paste. */
export function startBanner({ url, config, hasDemo }: Started): string {
  if (config.role === 'worker') return `\nMatchum worker runs; health and metrics at ${url}\n\n`;
  const key = config.secrets.adminKey;
  const keyLine =
    config.adminKey === null
      ? `  Admin key  ${key}\n             (kept in ${config.dataDir}/admin-key)\n`
      : '  Admin key  as in ADMIN_KEY\n';
  return `
Matchum listens at ${url}

  API page   ${url}/docs
${keyLine}
${hasDemo ? firstMatch(url, config.adminKey === null ? key : '$ADMIN_KEY') : ''}`;
}

function firstMatch(url: string, key: string): string {
  const body = JSON.stringify({ userId: DEMO_MEMBER, placement: 'chat_list', chatCount: 42 });
  return `Ask for the sponsored messages of one member of the demo:

  curl -s ${url}/v1/match -H "authorization: Bearer ${key}" -H "content-type: application/json" -d '${body}'

`;
}
