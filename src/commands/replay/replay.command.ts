import { writeFile } from 'node:fs/promises';
import { type CommandDescription, type CommandOptions, connect, runCommand, UsageError } from '../command-line.js';
import { ProgressDisplay } from '../progress.js';
import { AuctionLog } from './auction-log.js';
import { isGood, printSummary, summarize } from './replay-summary.js';
import { runReplay } from './run-replay.js';

const DESCRIPTION: CommandDescription = {
  usage: 'npm run replay',
  summary:
    'Replays an auction log (bid requests, one a line as JSON) against a running instance: its users become members, their\n' +
    'verticals interests, its requests matches; impressions and clicks come back. At the end the reports are held against\n' +
    'the events. A server that was started with CLOCK=simulated lives through it at the times of the log; DEMO=off keeps the\n' +
    'demo from competing. Exits with 1 when a request failed, or the reports do not equal the events.',
  options: {
    file: { value: 'FILE', text: 'the log, .jsonl or .jsonl.gz' },
    limit: { value: 'N', text: 'only the first N requests' },
    seed: { value: 'N', text: 'of campaigns and of what members do; default: 1' },
    concurrency: { value: 'N', text: 'requests under way at once; default: 8' },
    json: { value: 'FILE', text: 'also write what was found there, as JSON' },
  },
};

const MOST = 999_999_999;

async function replay(options: CommandOptions): Promise<number> {
  const file = options.text('file');
  if (file === null) throw new UsageError('Name the log by --file.');
  const seed = options.whole('seed', { min: 1, max: MOST, fallback: 1 });
  const concurrency = options.whole('concurrency', { min: 1, max: 256, fallback: 8 });
  const log = await AuctionLog.open(file, options.whole('limit', { min: 1, max: MOST, fallback: MOST }));
  const client = await connect(options, process.env, concurrency);
  const progress = new ProgressDisplay();
  try {
    const summary = summarize(await runReplay(client, log, { seed, onProgress: progress.report }));
    progress.stop();
    process.stdout.write(printSummary(summary));
    const json = options.text('json');
    if (json !== null) await writeFile(json, `${JSON.stringify({ file, seed, ...summary }, null, 2)}\n`);
    return isGood(summary) ? 0 : 1;
  } finally {
    progress.stop();
  }
}

process.exitCode = await runCommand(DESCRIPTION, process.argv.slice(2), replay);
