import { writeFile } from 'node:fs/promises';
import { ApiClient } from '../api-client.js';
import { heedSignals, unlessBrokenOff } from '../breaking-off.js';
import { type CommandDescription, type CommandOptions, connect, runCommand, UsageError } from '../command-line.js';
import { ProgressDisplay } from '../progress.js';
import { OwnProduct } from './own-product.js';
import { runSimulation, type SimulationOptions } from './run-simulation.js';
import { isSound, printSummary, summarize } from './simulation-summary.js';
import { plotSpend } from './spend-plot.js';

const DESCRIPTION: CommandDescription = {
  usage: 'npm run simulate',
  summary:
    'Lives through days of traffic in minutes: members who use the messenger by day and hardly by night, campaigns of all\n' +
    'kinds. Without --url, on a product of its own (embedded servers in a folder that is removed); with it, on one that runs\n' +
    'with CLOCK=simulated, DEMO=off and MATCH_DEADLINE_MS=10000, whose key is found as told below. Prints how far spend was\n' +
    'from its plan, whether pacing held it back then, and what was spent of the budgets, and draws plan and spend.\n' +
    'Exits with 1 when a match failed or was too late, an event was not accepted, or a budget, a cap or a rule of the audit\n' +
    'was broken.',
  options: {
    days: { value: 'N', text: 'days to live through, from a midnight in Seoul; default: 3' },
    members: { value: 'N', text: 'members; default: 100000' },
    matches: { value: 'N', text: 'matches of 100 members in a day, on average; default: 200' },
    step: { value: 'MINUTES', text: 'simulated time between two steps of pacing, a divisor of a day; default: 5' },
    seed: { value: 'N', text: 'of members, campaigns and traffic; default: 1' },
    concurrency: { value: 'N', text: 'requests under way at once; default: 4' },
    plot: { value: 'FILE', text: 'where the picture goes; default: simulation.svg' },
    json: { value: 'FILE', text: 'also write all figures to FILE, as JSON' },
  },
};

const MOST = 999_999_999;
/** A Monday in winter: no zone changes its clock. */
const FIRST_DAY = Date.parse('2027-01-10T15:00:00Z');
const MINUTES_A_DAY = 1_440;

interface Plan {
  readonly size: Pick<SimulationOptions, 'seed' | 'days' | 'members' | 'matchesADay' | 'stepMinutes'>;
  readonly concurrency: number;
  readonly plot: string;
  readonly json: string | null;
}

/** All that can be wrong with the options shows before anything starts. */
async function readPlan(options: CommandOptions): Promise<Plan> {
  const stepMinutes = options.whole('step', { min: 1, max: MINUTES_A_DAY, fallback: 5 });
  if (MINUTES_A_DAY % stepMinutes !== 0) {
    throw new UsageError(
      `--step must divide a day's ${MINUTES_A_DAY} minutes, such as 5 or 60; ${stepMinutes} doesn't.`,
    );
  }
  return {
    size: {
      seed: options.whole('seed', { min: 1, max: MOST, fallback: 1 }),
      days: options.whole('days', { min: 1, max: 60, fallback: 3 }),
      members: options.whole('members', { min: 1, max: 10_000_000, fallback: 100_000 }),
      matchesADay: options.whole('matches', { min: 1, max: 100_000, fallback: 200 }) / 100,
      stepMinutes,
    },
    concurrency: options.whole('concurrency', { min: 1, max: 256, fallback: 4 }),
    plot: await options.writableFile('plot', 'simulation.svg'),
    json: options.text('json') === null ? null : await options.writableFile('json', ''),
  };
}

async function simulate(options: CommandOptions): Promise<number> {
  const plan = await readPlan(options);
  const signal = heedSignals();
  const product = options.text('url') === null ? new OwnProduct() : null;
  const progress = new ProgressDisplay();
  try {
    return await unlessBrokenOff(signal, async () => {
      const { concurrency } = plan;
      const client =
        product === null
          ? await connect(options, process.env, concurrency)
          : new ApiClient({ ...(await product.untilUp()), concurrency });
      return simulateOn(client, plan, progress);
    });
  } finally {
    await product?.stop();
    progress.stop();
  }
}

async function simulateOn(client: ApiClient, { size, plot, json }: Plan, progress: ProgressDisplay): Promise<number> {
  const { seed, days, members } = size;
  const outcome = await runSimulation(client, { ...size, startsAt: FIRST_DAY, onProgress: progress.report });
  progress.stop();
  const summary = summarize(outcome, { days, members });
  process.stdout.write(printSummary(summary));
  const title = `${days} days, ${members} members, ${summary.matches} matches, seed ${seed}`;
  const untilMs = FIRST_DAY + days * MINUTES_A_DAY * 60_000;
  await writeFile(plot, plotSpend(outcome.record, { fromMs: FIRST_DAY, untilMs, title, traffic: outcome.traffic }));
  process.stdout.write(`drawn in ${plot}\n`);
  if (json !== null) await writeFile(json, `${JSON.stringify({ seed, ...summary }, null, 2)}\n`);
  return isSound(summary) ? 0 : 1;
}

process.exitCode = await runCommand(DESCRIPTION, process.argv.slice(2), simulate);
