export interface Timing {
  /** µs a call. */
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly calls: number;
}

/** One of the engines or scenes that are measured against each other; `call(i)` does its work for input i. */
export interface Contestant {
  readonly name: string;
  readonly call: (i: number) => unknown;
  /** Inputs a round; slow ones take fewer. */
  readonly calls: number;
}

/**
 * Rounds of all contestants in turn, so that a slow minute of the machine hits all of them alike. The first round warms up
 * and is not counted. Means are taken over whole rounds; percentiles over single calls, a clock reading included.
 */
export async function measure(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<ReadonlyMap<string, Timing>> {
  const totals = new Map(contestants.map(({ name }) => [name, { ms: 0, calls: 0, singles: [] as number[] }]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, call, calls } of contestants) {
      const total = totals.get(name)!;
      const start = performance.now();
      for (let i = 0; i < calls; i++) {
        const result = call(i);
        if (result instanceof Promise) await result;
      }
      if (round > 0) {
        total.ms += performance.now() - start;
        total.calls += calls;
      }
      for (let i = 0; round > 0 && i < calls; i++) {
        const before = performance.now();
        const result = call(i);
        if (result instanceof Promise) await result;
        total.singles.push((performance.now() - before) * 1_000);
      }
    }
  }
  return new Map([...totals].map(([name, { ms, calls, singles }]) => [name, toTiming(singles, (ms * 1_000) / calls)]));
}

/** Of single calls, in µs; `mean` where it was taken over all of them at once. Orders `singles`. */
export function toTiming(
  singles: number[],
  mean = singles.reduce((sum, one) => sum + one, 0) / singles.length,
): Timing {
  singles.sort((a, b) => a - b);
  const at = (share: number): number =>
    singles[Math.min(singles.length - 1, Math.floor(singles.length * share))] ?? NaN;
  return { mean, p50: at(0.5), p99: at(0.99), longest: at(1), calls: singles.length };
}
