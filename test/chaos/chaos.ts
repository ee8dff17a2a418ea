/** Breaks what can break under load, then holds Postgres against the clients' own record: `npm run chaos -- --help`. */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BrokenOff, heedSignals } from '../../src/commands/breaking-off.js';
import { CommandOptions, UsageError } from '../../src/commands/command-line.js';
import { ProgressDisplay } from '../../src/commands/progress.js';
import { describeFault, planFaults } from './fault-plan.js';
import { runChaos } from './run-chaos.js';
import { tellOutcome } from './tell-outcome.js';
import { TimeLine } from './time-line.js';
import type { LaunchProduct } from './supervised-process.js';

const HELP = `Usage: npm run chaos -- [options]
  --minutes N   how long the load lasts, such as 0.5; default 5
  --seed N      what goes wrong, and when; default 1
  --rate N      matches a second; default 40
  --members N   default 400
  --plan        only prints the plan of faults

Exits 1 on any breach, and keeps the data and the logs of that run. Broken off, it leaves nothing behind.
`;

const launch: LaunchProduct = (env, stdio) => {
  const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
  const { PATH = '' } = process.env;
  return spawn(process.execPath, ['--enable-source-maps', main], { env: { PATH, ...env }, stdio });
};

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      rate: { type: 'string' },
      members: { type: 'string' },
      plan: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const options = new CommandOptions(values);
  const seconds = Math.round(60 * options.decimal('minutes', { min: 0.1, max: 1_000, fallback: 5 }));
  const seed = options.whole('seed', { min: 0, max: 1e9, fallback: 1 });
  const matchesASecond = options.whole('rate', { min: 1, max: 10_000, fallback: 40 });
  const members = options.whole('members', { min: 1, max: 1_000_000, fallback: 400 });
  const plan = planFaults({ seed, seconds });
  process.stdout.write(`Planned for seed ${seed}:\n`);
  for (const fault of plan) {
    process.stdout.write(`${(fault.atMs / 1000).toFixed(2).padStart(7)} s  ${describeFault(fault)}\n`);
  }
  if (values.plan === true) return 0;
  return runAndTell({ seed, seconds, members, matchesASecond });
}

async function runAndTell(size: {
  seed: number;
  seconds: number;
  members: number;
  matchesASecond: number;
}): Promise<number> {
  const signal = heedSignals();
  const dataDir = await mkdtemp(join(tmpdir(), 'matchum-chaos-'));
  // PostgreSQL's own account must get through when root runs this.
  await chmod(dataDir, 0o711);
  const progress = new ProgressDisplay();
  const timeLine = new TimeLine();
  let isClean = false;
  let isKept = true;
  try {
    const outcome = await runChaos({ ...size, dataDir, launch, timeLine, signal, onProgress: progress.report });
    progress.stop();
    process.stdout.write(`\nWhat was done\n\n${timeLine.toString()}`);
    tellOutcome(outcome);
    isClean = outcome.checks.every(({ breaches }) => breaches.length === 0);
    isKept = !isClean;
  } catch (error) {
    isKept = !(error instanceof BrokenOff);
    throw error;
  } finally {
    progress.stop();
    if (!isKept) await rm(dataDir, { recursive: true, force: true, maxRetries: 20 });
    else process.stdout.write(`\nData and logs are kept in ${dataDir}\n`);
  }
  process.stdout.write(`\nSeed ${size.seed}, ${size.seconds} s: ${isClean ? 'no breach' : 'BREACHES'}\n`);
  return isClean ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  // What nobody waits for any more is still under way, and would keep the process.
  if (error instanceof BrokenOff) process.exit(error.exitCode);
  process.stderr.write(`${error instanceof UsageError ? error.message : ((error as Error).stack ?? String(error))}\n`);
  process.exitCode = 1;
}
