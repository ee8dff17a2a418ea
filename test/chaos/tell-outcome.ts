import { printTable } from '../bench/report.js';
import type { ClientRecord } from './record.js';
import type { ChaosOutcome } from './run-chaos.js';

const MOST_TOLD = 10;

/** What the clients did, and what was found, as tables; then the breaches in words. */
export function tellOutcome({ record, checks }: ChaosOutcome): void {
  printTable('What clients did', [countsOf(record)]);
  printTable(
    'What was found',
    checks.map(({ name, looked, breaches, figure = '' }) => ({
      check: name,
      'looked at': looked,
      breaches: breaches.length,
      figure,
    })),
  );
  for (const { name, breaches } of checks) {
    if (breaches.length === 0) continue;
    process.stdout.write(
      `\n${name}:\n${breaches
        .slice(0, MOST_TOLD)
        .map((text) => `  ${text}\n`)
        .join('')}`,
    );
    if (breaches.length > MOST_TOLD) process.stdout.write(`  and ${breaches.length - MOST_TOLD} more\n`);
  }
}

export function countsOf({ matches, events }: ClientRecord): Readonly<Record<string, number>> {
  const tries = events.flatMap((event) => event.tries);
  const verdicts = (wanted: string | null) => tries.filter(({ verdict }) => verdict === wanted).length;
  return {
    matches: matches.length,
    'without an answer': matches.filter(({ status }) => status === null).length,
    filled: matches.filter(({ messages }) => messages.length > 0).length,
    events: events.length,
    accepted: verdicts('accepted'),
    duplicate: verdicts('duplicate'),
    rejected: verdicts('rejected'),
    'no verdict': verdicts(null),
  };
}
