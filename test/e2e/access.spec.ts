import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { AccessModule } from '../../src/access/access.module.js';
import { createApp } from '../../src/platform/http/create-app.js';
import type { Problem } from '../../src/platform/http/problem.filter.js';
import { Public } from '../../src/platform/http/route-access.js';
import { createPino } from '../../src/platform/logging/pino-logger.js';
import { PlatformModule, RUNTIME_CONFIG, type RuntimeConfig } from '../../src/platform/platform.module.js';
import { eventually, startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';

interface IssuedKey {
  readonly id: string;
  readonly key?: string;
}

interface KeyPage {
  readonly data: readonly IssuedKey[];
  readonly nextCursor: string | null;
}

const ROLES = ['admin', 'advertiser', 'chat', 'analyst'] as const;

describe('access', () => {
  let app: TestApp;
  let advertiserId: string;

  beforeAll(async () => {
    app = await startTestApp();
    const body = { name: '테스트 광고주', currency: 'KRW', timeZone: 'Asia/Seoul' };
    advertiserId = ((await app.request('POST', '/v1/advertisers', body)).body as { id: string }).id;
  });

  afterAll(() => app.close());

  async function issue(role: string, name = 'test'): Promise<{ readonly id: string; readonly key: string }> {
    const binding = role === 'advertiser' ? { advertiserId } : {};
    const response = await app.request('POST', '/v1/api-keys', { role, name, ...binding });
    expect(response.status).toBe(201);
    return response.body as { id: string; key: string };
  }

  async function listedIds(): Promise<readonly string[]> {
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const response = await app.request('GET', `/v1/api-keys?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const page = response.body as KeyPage;
      ids.push(...page.data.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    return ids;
  }

  /** What tells one refusal from another, but for the request's id and the time. */
  function refusal({ status, text, headers }: TestResponse): object {
    return { status, text, challenge: headers.get('www-authenticate'), type: headers.get('content-type') };
  }

  describe('issuing keys', () => {
    it.each(ROLES)('gives a key with the role %s that works, and shows it once', async (role) => {
      const { id, key } = await issue(role, '열쇠');
      expect(key).toMatch(new RegExp(`^mk_${role}_[\\w-]{32,}$`));
      const refused = role === 'admin' ? 200 : 403;
      expect((await app.request('GET', '/v1/api-keys', undefined, { key })).status).toBe(refused);
      const listed = await app.request('GET', '/v1/api-keys?limit=500');
      expect((listed.body as KeyPage).data).toContainEqual({
        id,
        role,
        name: '열쇠',
        advertiserId: role === 'advertiser' ? advertiserId : null,
        createdAt: expect.any(String),
      });
      expect(listed.text).not.toContain(key);
    });

    it('keeps no key, only its hash', async () => {
      const response = await app.request(
        'POST',
        '/v1/api-keys',
        { role: 'chat', name: 'kept' },
        { headers: { 'idempotency-key': 'hashed-at-rest' } },
      );
      const { key = '' } = response.body as IssuedKey;
      const secret = key.slice('mk_chat_'.length);
      const [{ stored }] = await app.dataSource.query<[{ stored: string }]>(
        `SELECT (SELECT string_agg(k::text, '') FROM api_keys k) || (SELECT string_agg(a::text, '') FROM idempotent_answers a) AS stored`,
      );
      expect(stored).toContain('hashed-at-rest');
      expect(stored).toContain(createHash('sha256').update(key).digest('hex'));
      expect(stored).not.toContain(secret);
      expect(stored).not.toContain(Buffer.from(secret).toString('hex'));
      expect(stored).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));
    });

    it('answers a repeated request without a second key, and without the first', async () => {
      const send = (): Promise<TestResponse> =>
        app.request('POST', '/v1/api-keys', { role: 'chat', name: 'once' }, { headers: { 'idempotency-key': 'once' } });
      const before = await listedIds();
      const answers = await Promise.all([send(), send(), send()]);
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
      const keys = answers.map(({ body }) => body as IssuedKey);
      expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
      expect(keys.filter(({ key }) => key !== undefined)).toHaveLength(1);
      expect(await listedIds()).toHaveLength(before.length + 1);
    });

    it.each([
      [{ role: 'advertiser', name: 'x' }, 'advertiserId'],
      [{ role: 'advertiser', name: 'x', advertiserId: 'adv_unknown' }, 'advertiserId'],
      [{ role: 'advertiser', name: 'x', advertiserId: null }, 'advertiserId'],
      [{ role: 'chat', name: 'x', advertiserId: 'adv_unknown' }, 'advertiserId'],
      [{ role: 'root', name: 'x' }, 'role'],
      [{ role: 'chat' }, 'name'],
      [{ role: 'chat', name: '' }, 'name'],
      [{ role: 'chat', name: 'x', key: 'mk_chat_mine' }, 'key'],
    ])('refuses %j and names the field', async (body, path) => {
      const response = await app.request('POST', '/v1/api-keys', body);
      const { status, code, errors } = response.body as Problem;
      expect({ status, code }).toEqual({ status: 422, code: 'invalid_request' });
      expect(new Set(errors.map((error) => error.path))).toEqual(new Set([path]));
    });
  });

  describe('refusing callers', () => {
    it('answers the same for keys that never were, that were revoked, and that only look like keys', async () => {
      const revoked = await issue('chat');
      expect((await app.request('DELETE', `/v1/api-keys/${revoked.id}`)).status).toBe(204);
      const { id, key } = await issue('chat');
      const last = key.at(-1) === 'A' ? 'B' : 'A';
      const forged = [
        revoked.key,
        `mk_chat_${'A'.repeat(43)}`,
        key.slice(0, -1) + last,
        key.replace('mk_chat_', 'mk_admin_'),
        key.slice(0, -1),
        `${key}A`,
        key.toUpperCase(),
        id,
        createHash('sha256').update(key).digest('hex'),
        createHash('sha256').update(key).digest('base64url'),
        "' OR 1=1 --",
        'null',
        'A'.repeat(1024),
      ].map((wrong) => wrong.replaceAll(' ', ''));
      const refusals = await Promise.all(
        forged.map(async (wrong) => refusal(await app.request('GET', '/v1/api-keys', undefined, { key: wrong }))),
      );
      expect(refusals[0]).toMatchObject({ status: 401, challenge: 'Bearer realm="matchum", error="invalid_token"' });
      expect(refusals).toEqual(forged.map(() => refusals[0]));
      expect((await app.request('GET', '/v1/api-keys', undefined, { key })).status).toBe(403);
    });

    it('asks for a key where none is sent, or in another way', async () => {
      const headers = ['', 'Bearer', app.adminKey, `Basic ${app.adminKey}`, `Bearer ${app.adminKey} x`, `Bearer "x y"`];
      const answers = await Promise.all([
        app.request('GET', '/v1/api-keys', undefined, { key: null }),
        ...headers.map((authorization) =>
          app.request('GET', '/v1/api-keys', undefined, { key: null, headers: { authorization } }),
        ),
      ]);
      for (const answer of answers) {
        expect(answer.status).toBe(401);
        expect(answer.body).toMatchObject({ status: 401, code: 'unauthorized' });
        expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="matchum"');
      }
    });

    it('takes the scheme in any case', async () => {
      for (const scheme of ['bearer', 'BEARER', 'Bearer  ']) {
        const headers = { authorization: `${scheme} ${app.adminKey}` };
        expect((await app.request('GET', '/v1/api-keys', undefined, { key: null, headers })).status).toBe(200);
      }
    });

    it('answers a header that is too large with 431', async () => {
      const response = await app.request('GET', '/v1/api-keys', undefined, { key: 'k'.repeat(20_000) });
      expect(response.status).toBe(431);
      expect(response.body).toMatchObject({ status: 431, code: 'headers_too_large' });
    });
  });

  describe('roles', () => {
    interface Operation {
      readonly method: string;
      readonly path: string;
      readonly roles: readonly string[];
    }

    async function documentedOperations(): Promise<readonly Operation[]> {
      const { paths } = (await app.request('GET', '/docs-json', undefined, { key: null })).body as {
        paths: Record<string, Record<string, { 'x-roles'?: string[] }>>;
      };
      return Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({
          method: method.toUpperCase(),
          path: path.replaceAll(/\{\w+\}/g, 'not-there'),
          roles: operation['x-roles'] ?? [],
        })),
      );
    }

    function call({ method, path }: Operation, key: string | null): Promise<TestResponse> {
      return app.request(method, path, method === 'GET' || method === 'DELETE' ? undefined : {}, { key });
    }

    it('open exactly the operations whose documentation names them, to nobody without a key', async () => {
      const all = await documentedOperations();
      const keyless = all.filter(({ roles }) => roles.length === 0);
      expect(keyless.map(({ path }) => path).sort()).toEqual([
        '/health/live',
        '/health/ready',
        '/metrics',
        '/t/c/not-there',
        '/t/i/not-there',
      ]);
      for (const operation of keyless) {
        expect({ ...operation, refused: (await call(operation, null)).status === 401 }).toMatchObject({
          refused: false,
        });
      }
      const operations = all.filter(({ roles }) => roles.length > 0);
      expect(operations.length).toBeGreaterThan(0);
      const keys = await Promise.all(ROLES.map(async (role) => [role, (await issue(role)).key] as const));
      for (const operation of operations) {
        const allowed = [];
        for (const [role, key] of keys) {
          const response = await call(operation, key);
          expect(response.status).toBeLessThan(500);
          expect(response.status).not.toBe(401);
          const problem = response.body as Partial<Problem> | null;
          if (problem?.code === 'role_not_allowed') expect(response.status).toBe(403);
          else allowed.push(role);
        }
        const { method, path } = operation;
        expect({ method, path, allowed: allowed.sort() }).toEqual({
          method,
          path,
          allowed: [...operation.roles].sort(),
        });
        expect({ method, path, status: (await call(operation, null)).status }).toEqual({ method, path, status: 401 });
      }
    });

    it('keep keys, money and review to admins', async () => {
      const operations = await documentedOperations();
      const restricted = operations.filter(({ path }) => /api-keys|\/credits$|\/(approve|reject)$/.test(path));
      expect(restricted.map(({ roles }) => roles)).toEqual(restricted.map(() => ['admin']));
      expect(restricted.length).toBeGreaterThanOrEqual(6);
    });
  });

  it('refuses a route that says nothing of who may call it, to admins too', async () => {
    @Controller()
    class ForgetfulController {
      @Get('forgotten')
      forgotten(): string {
        return 'open';
      }

      @Get('remembered')
      @Public()
      remembered(): string {
        return 'open';
      }
    }
    @Module({ controllers: [ForgetfulController] })
    class ForgetfulModule {}

    const imports = [PlatformModule.forRoot(app.app.get<RuntimeConfig>(RUNTIME_CONFIG)), AccessModule];
    const forgetful = await createApp({ module: ForgetfulModule, imports }, createPino('silent'));
    try {
      await forgetful.listen(0, '127.0.0.1');
      const url = await forgetful.getUrl();
      const headers = { authorization: `Bearer ${app.adminKey}` };
      expect((await fetch(`${url}/forgotten`, { headers })).status).toBe(403);
      expect((await fetch(`${url}/forgotten`)).status).toBe(401);
      expect((await fetch(`${url}/remembered`)).status).toBe(200);
    } finally {
      await forgetful.close();
    }
  });

  describe('revoking keys', () => {
    it('stops a key at once where it was revoked, and everywhere within 5 seconds', async () => {
      const other = await startTestApp({ sharing: app });
      try {
        const { id, key } = await issue('chat');
        const ask = async (on: TestApp): Promise<number> =>
          (await on.request('GET', '/v1/api-keys', undefined, { key })).status;
        expect([await ask(app), await ask(other)]).toEqual([403, 403]);
        expect((await app.request('DELETE', `/v1/api-keys/${id}`)).status).toBe(204);
        expect(await ask(app)).toBe(401);
        await eventually(async () => (await ask(other)) === 401, 5_500);
        expect(await listedIds()).not.toContain(id);
      } finally {
        await other.close();
      }
    });

    it('answers 404 for a key that is not there, was revoked, or is the configured one', async () => {
      const { id } = await issue('chat');
      await app.request('DELETE', `/v1/api-keys/${id}`);
      for (const absent of [id, 'key_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6', 'admin', '%20', "'"]) {
        expect((await app.request('DELETE', `/v1/api-keys/${absent}`)).status).toBe(404);
      }
      expect((await app.request('GET', '/v1/api-keys')).status).toBe(200);
    });
  });
});
