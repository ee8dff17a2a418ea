import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDemo } from './fill-demo.js';

describe('filling an embedded database with the demo', () => {
  let dataDir: string;
  let server: Server;
  let url: string;
  let entries: Readonly<Record<string, readonly unknown[]>>;
  const asked: string[] = [];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'matchum-demo-'));
    server = createServer(({ method, url: path = '' }, response) => {
      asked.push(`${method} ${path}`);
      const data = entries[path.replace(/\?.*/, '')];
      response.writeHead(data === undefined ? 500 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ data, nextCursor: null }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    asked.length = 0;
    await rm(dataDir, { recursive: true });
  });

  it.each([
    ['an advertiser', { '/v1/advertisers': [{}], '/v1/segments': [] }],
    ['nothing but a segment', { '/v1/advertisers': [], '/v1/segments': [{}] }],
  ])('leaves one alone that has %s in it', async (_, found) => {
    entries = found;
    for (const isNew of [false, true]) {
      expect(await fillDemo({ url, adminKey: 'mk_admin_of_the_demo', dataDir, isNew })).toBe(false);
    }
    expect(asked.filter((request) => !request.startsWith('GET'))).toEqual([]);
    expect(await readdir(dataDir)).toEqual([]);
  });
});
