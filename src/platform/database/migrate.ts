import { DataSource, type DataSourceOptions } from 'typeorm';
import { CannotStart } from '../cannot-start.js';
import { dataSourceOptions } from './data-source.js';

/** Any fixed number: two processes that start at once take turns by it. */
const MIGRATION_LOCK = 7_204_511;

/** Brings a database up to date. Safe when several processes start at once. */
export async function migrateDatabase(databaseUrl: string): Promise<void> {
  const source = await connect(databaseUrl);
  try {
    await using guard = source.createQueryRunner();
    await guard.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await source.runMigrations();
    await guard.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await source.destroy();
  }
}

/** Another process may migrate a large table for long, and so may this one: no request waits for it. */
function withoutTimeouts(databaseUrl: string): DataSourceOptions {
  const options = dataSourceOptions(databaseUrl, 2);
  const none = { statement_timeout: 0, idle_in_transaction_session_timeout: 0, query_timeout: 0 };
  return { ...options, extra: { ...(options.extra as object), ...none } };
}

async function connect(url: string): Promise<DataSource> {
  try {
    return await new DataSource(withoutTimeouts(url)).initialize();
  } catch (cause) {
    const { host, pathname } = new URL(url);
    throw new CannotStart(`The database ${host}${pathname} (DATABASE_URL) cannot be used: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** A name with several addresses fails once for each. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
