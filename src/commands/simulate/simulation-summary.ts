import type { SimulationOutcome } from './run-simulation.js';
import type { KindFigures } from './spend-record.js';

/** Of fewer, one message is more of a budget than the pacing is meant to be exact to. */
const MEANINGFUL_IMPRESSIONS_A_DAY = 20_000;
const TOO_FEW =
  'So few messages are shown in a day that one is a large part of a budget: these figures say little. More members show more (--members).';

/** What a simulation found, as plain data and as text. */
export interface SimulationSummary {
  readonly days: number;
  readonly members: number;
  readonly matches: number;
  readonly failedMatches: number;
  readonly impressions: number;
  readonly clicks: number;
  readonly refusedEvents: number;
  readonly seconds: number;
  readonly kinds: readonly KindFigures[];
  readonly capsBroken: number;
  /** Null: the instance has no audit. */
  readonly audit: SimulationOutcome['audit'];
}

export function summarize(outcome: SimulationOutcome, of: { days: number; members: number }): SimulationSummary {
  const { record, matches, failedMatches, impressions, clicks, refusedEvents, capsBroken, audit, playedMs } = outcome;
  return {
    ...of,
    matches,
    failedMatches,
    impressions,
    clicks,
    refusedEvents,
    seconds: Math.round(playedMs / 1_000),
    kinds: record.figures(of.days),
    capsBroken,
    audit,
  };
}

/** Nothing was lost, and no budget, cap or rule of the audit was broken. How even spend was is for people to judge. */
export function isSound({ failedMatches, refusedEvents, kinds, capsBroken, audit }: SimulationSummary): boolean {
  const isOverspent = kinds.some(({ mostSpent }) => mostSpent !== null && mostSpent > 1);
  const breaches = (audit ?? []).reduce((sum, check) => sum + check.breaches, 0);
  return failedMatches + refusedEvents + capsBroken + breaches === 0 && !isOverspent;
}

export function printSummary(summary: SimulationSummary): string {
  const { days, members, matches, impressions, clicks, seconds, failedMatches, refusedEvents } = summary;
  const lines = [
    `${days} ${days === 1 ? 'day' : 'days'}, ${members} members: ${matches} matches, ${impressions} impressions, ${clicks} clicks in ${seconds} s`,
    `failed matches ${failedMatches}, events not accepted ${refusedEvents}, caps broken ${summary.capsBroken}`,
    '',
    ...table([
      ['kind of campaign', 'campaigns', 'farthest from plan', 'pass share before', 'spent of a budget, least', 'most'],
      ...summary.kinds.map(({ kind, campaigns, farthestFromPlan, passShareBefore, leastSpent, mostSpent }) => [
        kind,
        String(campaigns),
        percent(farthestFromPlan),
        percent(passShareBefore),
        percent(leastSpent),
        percent(mostSpent),
      ]),
    ]),
    'farthest from plan: at any step, in daily budgets; below 0: behind the plan',
    'pass share before: in which share of requests pacing let that campaign take part in the hour before; 100 %: it held nothing back',
    '-: not paced evenly, without a budget of a day, or no whole day or step to judge by',
    ...(impressions < MEANINGFUL_IMPRESSIONS_A_DAY * days ? [TOO_FEW] : []),
    '',
    ...auditLines(summary.audit),
  ];
  return `${lines.join('\n')}\n`;
}

function auditLines(audit: SimulationSummary['audit']): readonly string[] {
  if (audit === null) return ['audit: not there'];
  return [
    'audit:',
    ...audit.map(
      ({ name, checked, breaches }) =>
        `  ${name}: ${checked} checked, ${breaches} ${breaches === 1 ? 'breach' : 'breaches'}`,
    ),
  ];
}

function percent(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(2)} %`;
}

/** Columns as wide as their widest cell, the first to the left and all others to the right. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
}
