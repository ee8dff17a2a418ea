/** How matches ended while something was measured, from the server's own counters. */
import { HEADERS, type Subject } from './questions.js';

/** By outcome; `filled`: at least one message was placed. */
export type Outcomes = Readonly<Record<string, number>>;

export class OutcomeTally {
  private readonly sums = new Map<string, Record<string, number>>();

  /** Adds what ended during `work` under a label; nothing for a server that decides nothing. */
  async during<T>(label: string, subject: Subject, work: () => Promise<T>): Promise<T> {
    if (!subject.isProduct) return work();
    const before = await readOutcomes(subject);
    const result = await work();
    const after = await readOutcomes(subject);
    const sum = this.sums.get(label) ?? {};
    for (const [outcome, count] of Object.entries(after)) {
      sum[outcome] = (sum[outcome] ?? 0) + count - (before[outcome] ?? 0);
    }
    this.sums.set(label, sum);
    return result;
  }

  all(): ReadonlyMap<string, Outcomes> {
    return this.sums;
  }
}

async function readOutcomes({ server }: Subject): Promise<Outcomes> {
  const text = await (await fetch(`${server.url}/metrics`, { headers: HEADERS })).text();
  const found = text.matchAll(/^matchum_decisions_total\{outcome="(\w+)"\} (\d+)/gm);
  return Object.fromEntries([...found].map(([, outcome, count]) => [outcome, Number(count)]));
}
