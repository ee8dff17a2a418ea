import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { SupervisedProcess } from './supervised-process.js';

const LONGEST_WAIT_MS = 180_000;
const POLL_MS = 200;
const LAG = /^matchum_settlement_lag_seconds (\S+)$/m;

/** Waits until all processes are ready, no batch waits for its settlement, and no process says that one does. */
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
  const states = await Promise.all(processes.map((process) => process.isReady()));
  if (!states.every(Boolean)) return false;
  const lags = (await Promise.all(processes.map(({ url }) => lagOf(url)))).filter((lag) => lag !== null);
  return lags.length > 0 && lags.every((lag) => lag === 0);
}

/** Seconds; null where the process does not tell. */
async function lagOf(url: string): Promise<number | null> {
  try {
    const response = await fetch(`${url}/metrics`);
    const told = LAG.exec(await response.text())?.[1];
    return told === undefined ? null : Number(told);
  } catch {
    return NaN;
  }
}
