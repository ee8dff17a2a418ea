import { eventually, type TestApp } from '../servers/test-app.js';

/** Keeps the advertiser's settlements waiting, as a slow worker would, while `meanwhile` runs. */
export function whileSettlementWaits<T>(app: TestApp, advertiserId: string, meanwhile: () => Promise<T>): Promise<T> {
  return whileLocked(
    app,
    'SELECT 1 FROM prepaid_accounts WHERE advertiser_id = $1 FOR UPDATE',
    [advertiserId],
    meanwhile,
  );
}

/** Stops settlements half-way, their charges written and nothing committed. */
export function whileSettlementHalts<T>(app: TestApp, meanwhile: () => Promise<T>): Promise<T> {
  return whileLocked(app, 'LOCK TABLE report_rows IN EXCLUSIVE MODE', [], meanwhile);
}

/** Stops settlements that have their batches and have not read them: no impression is confirmed. */
export function whileEventsAreLocked<T>(app: TestApp, meanwhile: () => Promise<T>): Promise<T> {
  return whileLocked(app, 'LOCK TABLE events IN ACCESS EXCLUSIVE MODE', [], meanwhile);
}

/** Stops exchanges of claims that are about to write them; what is claimed can be read. */
export function whileClaimsAreLocked<T>(app: TestApp, meanwhile: () => Promise<T>): Promise<T> {
  return whileLocked(app, 'LOCK TABLE budget_leases IN EXCLUSIVE MODE', [], meanwhile);
}

/** While `meanwhile` runs, no batch with a valid event can be settled: each is parked at its first attempt. */
export async function whileSettlementIsRefused<T>(app: TestApp, meanwhile: () => Promise<T>): Promise<T> {
  await app.dataSource.query(`
    CREATE FUNCTION refuse_all_rows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'of the test' USING ERRCODE = '23514', CONSTRAINT = 'refused_by_the_test';
    END $$`);
  await app.dataSource.query(
    'CREATE TRIGGER refuse_all BEFORE INSERT ON report_rows FOR EACH ROW EXECUTE FUNCTION refuse_all_rows()',
  );
  try {
    return await meanwhile();
  } finally {
    await app.dataSource.query('DROP FUNCTION refuse_all_rows CASCADE');
  }
}

async function whileLocked<T>(
  app: TestApp,
  sql: string,
  parameters: string[],
  meanwhile: () => Promise<T>,
): Promise<T> {
  await using runner = app.dataSource.createQueryRunner();
  await runner.startTransaction();
  try {
    await runner.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await runner.query(sql, parameters);
    return await meanwhile();
  } finally {
    await runner.rollbackTransaction();
  }
}

/** Waits until so many settlements, or exchanges of claims, have begun, and wait for what the test has locked. */
export async function untilSettling(app: TestApp, count = 1): Promise<void> {
  await eventually(async () => {
    const [row] = await app.dataSource.query<{ waiting: number }[]>(
      "SELECT count(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return (row?.waiting ?? 0) >= count;
  });
}
