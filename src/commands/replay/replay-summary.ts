import type { ReplayOutcome } from './run-replay.js';

/** What a replay found, as `--json` writes it and as it is printed. */
export interface ReplaySummary {
  readonly clock: 'simulated' | 'system';
  /** Counts the replays of the instance. */
  readonly run: number;
  readonly members: number;
  readonly malformedLines: number;
  readonly requests: number;
  /** What went wrong → requests. */
  readonly failed: Readonly<Record<string, number>>;
  readonly filled: number;
  readonly fillRate: number;
  readonly messagesADecision: number;
  /** Messages → decisions. */
  readonly decisions: Readonly<Record<string, number>>;
  /** Reason → decisions without messages. */
  readonly noFill: Readonly<Record<string, number>>;
  readonly impressions: number;
  readonly clicks: number;
  readonly events: {
    readonly accepted: number;
    readonly duplicate: number;
    readonly rejected: Readonly<Record<string, number>>;
  };
  /** Impressions → pairs of a member and an ad group. */
  readonly frequency: Readonly<Record<string, number>>;
  /** Currency → micros. */
  readonly spendMicros: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
  readonly seconds: number;
  readonly requestsASecond: number;
  readonly reportEqualsEvents: boolean;
  readonly differences: readonly string[];
}

export function summarize({ facts, tally, check, run, isSimulated, playedMs }: ReplayOutcome): ReplaySummary {
  const answered = sum(tally.decisions.values());
  const messages = sum([...tally.decisions].map(([count, decisions]) => count * decisions));
  const filled = answered - (tally.decisions.get(0) ?? 0);
  const latencies = Float64Array.from(tally.latencies).sort();
  const quantile = (q: number): number => rounded(latencies[Math.ceil(q * latencies.length) - 1] ?? 0, 2);
  const counts = [...tally.events.values()];
  return {
    clock: isSimulated ? 'simulated' : 'system',
    run,
    members: facts.members,
    malformedLines: facts.malformedLines,
    requests: tally.requests,
    failed: asRecord(tally.failures),
    filled,
    fillRate: rounded(filled / Math.max(answered, 1), 4),
    messagesADecision: rounded(messages / Math.max(answered, 1), 3),
    decisions: asRecord(tally.decisions),
    noFill: asRecord(tally.noFill),
    impressions: sum(counts.map(({ impressions }) => impressions)),
    clicks: sum(counts.map(({ clicks }) => clicks)),
    events: { accepted: tally.accepted, duplicate: tally.duplicate, rejected: asRecord(tally.rejected) },
    frequency: asRecord(tally.frequencies()),
    spendMicros: asRecord(check.spend),
    latencyMs: { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: quantile(1) },
    seconds: rounded(playedMs / 1000, 2),
    requestsASecond: Math.round((tally.requests * 1000) / playedMs),
    reportEqualsEvents: check.differences.length === 0,
    differences: check.differences,
  };
}

/** Whether the replay ended as it should: nothing failed, and the reports say what was sent. */
export function isGood({ failed, reportEqualsEvents }: ReplaySummary): boolean {
  return reportEqualsEvents && Object.keys(failed).length === 0;
}

const BAR_WIDTH = 40;
const SHOWN_DIFFERENCES = 20;
const FREQUENCY_CLASSES = [1, 2, 3, 4, 5, 10, 20, 50, Infinity];

export function printSummary(summary: ReplaySummary): string {
  const { clock, run, latencyMs, events, failed } = summary;
  const answered = sum(Object.values(summary.decisions));
  return [
    `Replay ${run} on the ${clock} clock: ${number(summary.requests)} requests of ${number(summary.members)} known members`,
    row('took', `${summary.seconds} s, ${number(summary.requestsASecond)} requests a second`),
    row('malformed lines', number(summary.malformedLines)),
    row('fill rate', `${percent(summary.fillRate)} (${number(summary.filled)} of ${number(answered)})`),
    row('messages', `${summary.messagesADecision} a decision`),
    ...bars(Object.entries(summary.decisions)),
    ...section('no fill', Object.entries(summary.noFill)),
    row('impressions', `${number(summary.impressions)}, clicks ${number(summary.clicks)}`),
    row(
      'events',
      `${number(events.accepted)} accepted, ${number(events.duplicate)} duplicate, ${rejectedText(events.rejected)}`,
    ),
    row('frequency', 'impressions of one ad group to one member, pairs'),
    ...bars(inClasses(summary.frequency)),
    row('spend', spendText(summary.spendMicros)),
    row(
      'match latency',
      `p50 ${latencyMs.p50} ms, p90 ${latencyMs.p90} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`,
    ),
    ...section('failed', Object.entries(failed)),
    row('report equals events', summary.reportEqualsEvents ? 'yes' : 'no'),
    ...summary.differences.slice(0, SHOWN_DIFFERENCES).map((difference) => `    ${difference}`),
    ...(summary.differences.length > SHOWN_DIFFERENCES
      ? [`    and ${summary.differences.length - SHOWN_DIFFERENCES} more`]
      : []),
    '',
  ].join('\n');
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(21)} ${text}`;
}

function section(label: string, entries: readonly (readonly [string, number])[]): readonly string[] {
  return entries.length === 0 ? [] : [row(label, ''), ...bars(entries)];
}

function bars(entries: readonly (readonly [string, number])[]): readonly string[] {
  const most = Math.max(...entries.map(([, count]) => count), 1);
  const width = Math.max(...entries.map(([label]) => label.length), 0);
  return entries.map(([label, count]) => {
    const bar = '█'.repeat(Math.max(count > 0 ? 1 : 0, Math.round((count / most) * BAR_WIDTH)));
    return `    ${label.padStart(width)} ${bar} ${number(count)}`;
  });
}

/** Many impressions are rare: they are shown in classes. */
function inClasses(frequency: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  return FREQUENCY_CLASSES.map((to, i): readonly [string, number] => {
    const from = (FREQUENCY_CLASSES[i - 1] ?? 0) + 1;
    const label = to === from ? String(to) : to === Infinity ? `${from}+` : `${from}–${to}`;
    const inside = Object.entries(frequency).filter(([count]) => Number(count) >= from && Number(count) <= to);
    return [label, sum(inside.map(([, pairs]) => pairs))];
  }).filter(([, pairs]) => pairs > 0);
}

function spendText(spendMicros: Readonly<Record<string, number>>): string {
  const parts = Object.entries(spendMicros).map(
    ([currency, micros]) => `${currency} ${number(rounded(micros / 1e6, 2))}`,
  );
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function rejectedText(rejected: Readonly<Record<string, number>>): string {
  const codes = Object.entries(rejected).map(([code, count]) => `${number(count)} ${code}`);
  return codes.length === 0 ? '0 rejected' : `rejected: ${codes.join(', ')}`;
}

function asRecord(counts: ReadonlyMap<string | number, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const value of numbers) total += value;
  return total;
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(share: number): string {
  return `${rounded(share * 100, 1)} %`;
}
