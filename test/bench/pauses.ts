/** What the longest pieces of work spent their time on: their own, collecting garbage, or waiting for a processor. */
import { openSync, readSync } from 'node:fs';
import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { Row } from './report.js';
import { short } from './report.js';

const KEPT = 20;

export interface Pause {
  readonly ms: number;
  readonly garbageMs: number;
  /** Time in which the work did not run: the machine, or the host that it is a guest of, did something else. */
  readonly waitedMs: number;
}

interface Piece {
  readonly from: number;
  readonly ms: number;
  readonly cpuMs: number;
}

/** All collections of garbage of the process, from its making on. */
export class Collections {
  private readonly pauses: { readonly from: number; readonly to: number }[] = [];
  private readonly observer = new PerformanceObserver((list) => this.take(list.getEntries()));

  constructor() {
    this.observer.observe({ entryTypes: ['gc'] });
  }

  /** Of the longest of these pieces, the longest first. */
  async explain(pieces: Pieces): Promise<readonly Pause[]> {
    // Collections are told of by turns of the event loop that come after them.
    await setTimeout(10);
    return pieces.longest().map(({ from, ms, cpuMs }) => {
      const overlaps = this.pauses.map((pause) => Math.min(pause.to, from + ms) - Math.max(pause.from, from));
      const garbageMs = overlaps.reduce((sum, overlap) => sum + Math.max(0, overlap), 0);
      return { ms, garbageMs, waitedMs: Math.max(0, ms - cpuMs) };
    });
  }

  private take(entries: readonly PerformanceEntry[]): void {
    for (const { startTime, duration } of entries) this.pauses.push({ from: startTime, to: startTime + duration });
  }
}

/**
 * The processor time of the first thread of this process, which works: of that one alone, as others collect garbage and
 * compile at the same time. What the host took from the machine does not count, if its kernel says so (Linux, with
 * CONFIG_PARAVIRT_TIME_ACCOUNTING). Where there is no `/proc`, the time of all threads.
 */
class ThreadClock {
  private readonly file = ThreadClock.open();
  private readonly text = Buffer.alloc(128);

  cpuMs(): number {
    if (this.file === null) {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    }
    // Brings up to date what the file tells, which is otherwise as of the last tick of the kernel.
    process.cpuUsage();
    const length = readSync(this.file, this.text, { position: 0 });
    return parseInt(this.text.toString('latin1', 0, length)) / 1_000_000;
  }

  private static open(): number | null {
    try {
      return openSync('/proc/self/schedstat', 'r');
    } catch {
      return null;
    }
  }
}

const threadClock = new ThreadClock();

/** Times pieces of work, of which it keeps the longest. */
export class Pieces {
  private kept: Piece[] = [];
  readonly ms: number[] = [];

  time(work: () => void): void {
    const cpuMs = threadClock.cpuMs();
    const from = performance.now();
    work();
    const ms = performance.now() - from;
    this.ms.push(ms);
    if (this.kept.length === KEPT && ms <= this.kept[KEPT - 1]!.ms) return;
    this.kept = [...this.kept, { from, ms, cpuMs: threadClock.cpuMs() - cpuMs }]
      .sort((a, b) => b.ms - a.ms)
      .slice(0, KEPT);
  }

  longest(): readonly Piece[] {
    return this.kept;
  }
}

/** The longest without its garbage and what it waited for, in ms: without the longer of both, as one may lie in the other. */
export function longestOwn(pauses: readonly Pause[]): number {
  return Math.max(...pauses.map(({ ms, garbageMs, waitedMs }) => ms - Math.max(garbageMs, waitedMs)));
}

/** The longest of all, and the longest without its garbage. */
export function toPauseRow(what: string, pauses: readonly Pause[]): Row {
  const [longest = { ms: NaN, garbageMs: NaN, waitedMs: NaN }] = pauses;
  return {
    what,
    'longest ms': short(longest.ms),
    'of which garbage': short(longest.garbageMs),
    'of which waiting': short(longest.waitedMs),
    'longest of its own work': short(longestOwn(pauses)),
  };
}
