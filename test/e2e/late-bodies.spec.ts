import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../servers/test-app.js';

/** Longer than a body may take until its key is looked at once more. */
const LATE_MS = 300;
const RULES = { maxMessages: 2, firstPosition: 1, spacing: 6, refreshAfterSeconds: 60, holdSeconds: 3_600 };

describe('a body that comes long after the head of its request', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  /** Sends the head, waits, sends the body; the answer's status. */
  async function sendLate(method: string, path: string, body: object, key: string, meanwhile: () => Promise<unknown>) {
    const { hostname, port } = new URL(app.url);
    const text = JSON.stringify(body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      'host: matchum',
      `authorization: Bearer ${key}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(text)}`,
      'connection: close',
    ];
    const socket = connect(Number(port), hostname);
    const answer = new Promise<string>((resolve, reject) => {
      let received = '';
      socket.setEncoding('utf8');
      socket.on('data', (data: string) => (received += data));
      socket.once('error', reject);
      socket.once('close', () => resolve(received));
    });
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    await pause(LATE_MS);
    await meanwhile();
    await pause(LATE_MS);
    const sentAt = Date.now();
    socket.write(text);
    return { status: Number((await answer).slice('HTTP/1.1 '.length).slice(0, 3)), sentAt };
  }

  it('changes limits as of when it is there, since others were in force until then', async () => {
    expect((await app.request('PUT', '/v1/placements/late', RULES)).status).toBe(200);
    const rules = { ...RULES, holdSeconds: 60 };
    const { status, sentAt } = await sendLate('PUT', '/v1/placements/late', rules, app.adminKey, () => pause(0));
    expect(status).toBe(200);
    const [changed] = await app.dataSource.query<{ at: Date; held: number }[]>(
      `SELECT hold_changed_at AS at, hold_seconds AS held FROM placements WHERE id = 'late'`,
    );
    expect(changed?.held).toBe(60);
    expect(changed?.at.getTime()).toBeGreaterThanOrEqual(sentAt);
  });

  it('is refused where its key was revoked meanwhile', async () => {
    const issued = await app.request('POST', '/v1/api-keys', { role: 'admin', name: 'soon revoked' });
    const { id, key } = issued.body as { id: string; key: string };
    const { status } = await sendLate('PUT', '/v1/placements/refused', RULES, key, async () => {
      expect((await app.request('DELETE', `/v1/api-keys/${id}`)).status).toBe(204);
    });
    expect(status).toBe(401);
    expect((await app.request('GET', '/v1/placements/refused')).status).toBe(404);
  });
});
