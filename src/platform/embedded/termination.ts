import { setTimeout as delay } from 'node:timers/promises';

/** A signal, and how long the server may take to heed it before the next one. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly patienceMs: number;
}

/** `SIGKILL` closes every list by itself. */
export type StopSteps = readonly [StopStep, ...StopStep[]];

/** Ends a process with growing force; resolves once it is gone. */
export async function terminate(
  send: (signal: NodeJS.Signals) => void,
  gone: Promise<void>,
  steps: StopSteps,
): Promise<void> {
  for (const step of steps) {
    send(step.signal);
    const patience = new AbortController();
    const heeded = await Promise.race([
      gone.then(() => true),
      delay(step.patienceMs, false, { signal: patience.signal }).catch(() => false),
    ]);
    patience.abort();
    if (heeded) return;
  }
  send('SIGKILL');
  await gone;
}
