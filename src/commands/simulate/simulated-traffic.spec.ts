import { describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../api-client.js';
import { SimulatedTraffic } from './simulated-traffic.js';

describe('SimulatedTraffic', () => {
  it('counts matches as failed that nobody decided, not those that found nothing', async () => {
    const answers = [
      { noFill: { reason: 'unavailable' } },
      { noFill: { reason: 'deadline' } },
      { error: { code: 'internal_error' } },
      { messages: [], noFill: { reason: 'no_candidates' } },
      { messages: [], noFill: { reason: 'frequency_cap' } },
    ];
    const client = {
      at: () => client,
      each: async (items: readonly number[], work: (item: number) => Promise<void>) => {
        for (const item of items) await work(item);
      },
      post: () => Promise.resolve({ results: answers }),
    };
    const options = { seed: 1, run: 'run', members: 10, timeZone: 'Asia/Seoul' };
    const traffic = new SimulatedTraffic(client as unknown as ApiClient, options, () => undefined);
    await traffic.play(answers.length, 0, 60_000);
    expect(traffic).toMatchObject({ matches: 5, failed: 3, refusedEvents: 0 });
  });
});
