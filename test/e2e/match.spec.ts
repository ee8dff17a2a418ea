import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../servers/test-app.js';

describe('match', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  it('starts', async () => {
    expect((await app.request('GET', '/health/ready')).status).toBe(200);
  });
});
