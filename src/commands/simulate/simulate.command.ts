import { writeFile } from 'node:fs/promises';
import { ApiClient } from '../api-client.js';
import { type CommandDescription, type CommandOptions, connect, runCommand } from '../command-line.js';
import { ProgressDisplay } from '../progress.js';
import { OwnProduct } from './own-product.js';
import { runSimulation } from './run-simulation.js';
import { isSound, printSummary, summarize } from './simulation-summary.js';
import { plotSpend } from './spend-plot.js';

const DESCRIPTION: CommandDescription = {
  usage: 'npm run simulate',
  summary:
    'Lives through days of traffic in minutes: members who use the messenger by day and hardly by night, campaigns of all\n' +
    'kinds, on a product of its own (embedded servers in a folder that is removed) or, by --url, on one that runs with\n' +
    'CLOCK=simulated and DEMO=off. Prints how far spend was from its plan and what was spent of the budgets, and draws both.\n' +
    'Exits with 1 when a match failed, an event was not accepted, or a budget, a cap or a rule of the audit was broken.',
  options: {
    days: { value: 'N', text: 'days to live through, from a midnight in Seoul; default: 3' },
    members: { value: 'N', text: 'members; default: 100000' },
    matches: { value: 'N', text: 'matches of 100 members in a day, on average; default: 60' },
    step: { value: 'MINUTES', text: 'simulated time between two steps of pacing, a divisor of a day; default: 5' },
    seed: { value: 'N', text: 'of members, campaigns and traffic; default: 1' },
    concurrency: { value: 'N', text: 'requests under way at once; default: 4' },
    plot: { value: 'FILE', text: 'where the picture goes; default: simulation.svg' },
    json: { value: 'FILE', text: 'also write what was found there, as JSON' },
  },
};

const MOST = 999_999_999;
/** A Monday in winter: no zone changes its clock. */
const FIRST_DAY = Date.parse('2027-01-10T15:00:00Z');
const MINUTES_A_DAY = 1_440;
/** As shells name an end by Ctrl-C. */
const BROKEN_OFF = 130;

async function simulate(options: CommandOptions): Promise<number> {
  const concurrency = options.whole('concurrency', { min: 1, max: 256, fallback: 4 });
  const hasUrl = options.text('url') !== null;
  const product = hasUrl ? null : await OwnProduct.start();
  // Broken off, it leaves nothing behind either.
  const breakOff = (): void => void product?.stop().finally(() => process.exit(BROKEN_OFF));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) if (product !== null) process.once(signal, breakOff);
  try {
    const client =
      product === null
        ? await connect(options, process.env, concurrency)
        : new ApiClient({ url: product.url, key: product.key, concurrency });
    return await simulateOn(client, options);
  } finally {
    await product?.stop();
  }
}

async function simulateOn(client: ApiClient, options: CommandOptions): Promise<number> {
  const seed = options.whole('seed', { min: 1, max: MOST, fallback: 1 });
  const days = options.whole('days', { min: 1, max: 60, fallback: 3 });
  const members = options.whole('members', { min: 1, max: 10_000_000, fallback: 100_000 });
  const matchesADay = options.whole('matches', { min: 1, max: 100_000, fallback: 60 }) / 100;
  const stepMinutes = options.whole('step', { min: 1, max: MINUTES_A_DAY, fallback: 5 });
  const progress = new ProgressDisplay();
  const outcome = await runSimulation(client, {
    seed,
    days,
    members,
    matchesADay,
    stepMinutes,
    startsAt: FIRST_DAY,
    onProgress: progress.report,
  }).finally(() => progress.stop());
  const summary = summarize(outcome, { days, members });
  process.stdout.write(printSummary(summary));
  const plot = options.text('plot') ?? 'simulation.svg';
  const title = `${days} days, ${members} members, ${summary.matches} matches, seed ${seed}`;
  const untilMs = FIRST_DAY + days * MINUTES_A_DAY * 60_000;
  await writeFile(plot, plotSpend(outcome.record, { fromMs: FIRST_DAY, untilMs, title, traffic: outcome.traffic }));
  process.stdout.write(`drawn in ${plot}\n`);
  const json = options.text('json');
  if (json !== null) await writeFile(json, `${JSON.stringify({ seed, ...summary }, null, 2)}\n`);
  return isSound(summary) ? 0 : 1;
}

process.exitCode = await runCommand(DESCRIPTION, process.argv.slice(2), simulate);
