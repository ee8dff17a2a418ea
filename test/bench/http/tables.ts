/** The figures over HTTP as tables. */
import { printTable, type Row, short } from '../report.js';
import type { ClosedLoop } from './closed-loop.js';
import type { OpenLoopStep } from './open-loop.js';
import type { Outcomes } from './outcomes.js';

export function printClosedLoop(title: string, closed: readonly ClosedLoop[]): void {
  const bareRate = closed[0]?.middle.matchesASecond ?? NaN;
  printTable(
    title,
    closed.map(({ name, middle }): Row => ({
      server: name,
      'matches/s': Math.round(middle.matchesASecond),
      [`× ${closed[0]?.name}`]: short(middle.matchesASecond / bareRate),
      'CPU µs a match': short(middle.cpuUs),
      'p50 ms': middle.p50,
      'p99 ms': middle.p99,
      'p99.9 ms': middle.p999,
      'failed requests': middle.failed,
    })),
  );
}

export interface Ratio {
  readonly of: string;
  readonly to: string;
  readonly target: number;
  /** Of the middle rates. */
  readonly ratio: number;
  /** Of rates within one round, which the machine's slow minutes touch least. */
  readonly lowest: number;
  readonly highest: number;
}

/** How the rate of one relates to that of another, as a target names it. */
export function ratioOf(of: ClosedLoop, to: ClosedLoop, target: number): Ratio {
  const inRounds = of.rounds.map(({ matchesASecond }, i) => matchesASecond / to.rounds[i]!.matchesASecond);
  return {
    of: of.name,
    to: to.name,
    target,
    ratio: of.middle.matchesASecond / to.middle.matchesASecond,
    lowest: Math.min(...inRounds),
    highest: Math.max(...inRounds),
  };
}

export function printRatios(ratios: readonly Ratio[]): void {
  printTable(
    'Ratios of matches a second',
    ratios.map(({ of, to, target, ratio, lowest, highest }): Row => ({
      ratio: `${of} / ${to}`,
      measured: short(ratio),
      'lowest round': short(lowest),
      'highest round': short(highest),
      target,
    })),
  );
}

export function printOpenLoop(open: readonly OpenLoopStep[]): void {
  printTable(
    'Open loop; shares of what /v1/match answers at the closed loop; ms from the time at which a request was due',
    open.map(({ name, share, offered, matchesASecond, cpuUs, p50, p99, p999, worstP99, failed }): Row => ({
      'share of capacity': share,
      'offered matches/s': offered,
      server: name,
      'achieved matches/s': Math.round(matchesASecond),
      'CPU µs a match': short(cpuUs),
      'p50 ms': short(p50),
      'p99 ms': short(p99),
      'p99.9 ms': short(p999),
      'p99 of the worst round': short(worstP99),
      'failed requests': failed,
    })),
  );
}

/** One row for each thing that was measured, and one for all of them. */
export function printOutcomes(outcomes: ReadonlyMap<string, Outcomes>): void {
  const total: Record<string, number> = {};
  for (const one of outcomes.values()) {
    for (const [outcome, count] of Object.entries(one)) total[outcome] = (total[outcome] ?? 0) + count;
  }
  const rows = [...outcomes, ['all', total] as const];
  printTable(
    'How the matches ended',
    rows.map(([during, one]): Row => {
      const counts = Object.keys(total).map((outcome) => [outcome, one[outcome] ?? 0] as const);
      return { during, ...Object.fromEntries(counts) };
    }),
  );
}
