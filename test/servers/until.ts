import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 10;
/** The demo on a busy machine. */
const LONGEST_MS = 120_000;

/** Waits until `condition` answers something other than false or null, and answers that. */
export async function until<T>(what: string, condition: () => Promise<T | false | null>): Promise<T> {
  const deadline = performance.now() + LONGEST_MS;
  for (;;) {
    const result = await condition();
    if (result !== false && result !== null) return result;
    if (performance.now() > deadline) throw new Error(`Not so within ${LONGEST_MS} ms: ${what}`);
    await delay(POLL_MS);
  }
}
