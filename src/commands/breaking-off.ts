import { constants } from 'node:os';

/** Ctrl-C, a polite kill, and a terminal that is closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Why a command ends early. */
export class BrokenOff extends Error {
  /** As shells name an end by this signal. */
  readonly exitCode: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(`Broken off by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * For a command that makes what must not outlive it: from here on a signal does not end the process but aborts, with
 * `BrokenOff` as the reason, so that all can be cleared away. Later signals are passed over: npm passes on what a Ctrl-C
 * in the terminal has sent to the whole group already, and clearing must come to its end.
 */
export function heedSignals(): AbortSignal {
  const breaking = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => breaking.abort(new BrokenOff(signal)));
  return breaking.signal;
}

/** Does the work, or rejects as soon as it is broken off; nobody waits any more then for what the work still does. */
export async function unlessBrokenOff<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let breakOff = (): void => undefined;
  const broken = new Promise<never>((_, reject) => {
    breakOff = () => reject(signal.reason as Error);
    signal.addEventListener('abort', breakOff);
  });
  try {
    return await Promise.race([work(), broken]);
  } finally {
    signal.removeEventListener('abort', breakOff);
  }
}
