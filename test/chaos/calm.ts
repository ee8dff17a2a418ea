import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { SupervisedProcess } from './supervised-process.js';

const LONGEST_WAIT_MS = 180_000;
const POLL_MS = 200;
const LAG = /^matchum_settlement_lag_seconds (\S+)$/m;

/** Waits until all processes are ready, no batch waits for its settlement, and no worker says that one does. */
export async function untilCalm(
  databaseUrl: string,
  processes: readonly SupervisedProcess[],
  onWaiting: (unsettled: number) => void,
): Promise<boolean> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const deadline = performance.now() + LONGEST_WAIT_MS;
    while (performance.now() < deadline) {
      const sql = 'SELECT count(*)::integer AS count FROM event_batches WHERE settled_at IS NULL';
      const unsettled = (await client.query<{ count: number }>(sql)).rows[0]?.count ?? NaN;
      onWaiting(unsettled);
      if (unsettled === 0 && (await isQuiet(processes))) return true;
      await pause(POLL_MS);
    }
    return false;
  } finally {
    await client.end();
  }
}

async function isQuiet(processes: readonly SupervisedProcess[]): Promise<boolean> {
  const states = await Promise.all(
    processes.map(async (process) => (await process.isReady()) && (await lagOf(process.url)) === 0),
  );
  return states.every(Boolean);
}

/** Seconds; not a number where nobody tells. */
async function lagOf(url: string): Promise<number> {
  try {
    const response = await fetch(`${url}/metrics`);
    return Number(LAG.exec(await response.text())?.[1]);
  } catch {
    return NaN;
  }
}
