import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

/** Any fixed number: two processes that start at once take turns by it. */
const MIGRATION_LOCK = 7_204_511;

/** Brings a database up to date. Safe when several processes start at once. */
export async function migrateDatabase(databaseUrl: string): Promise<void> {
  const source = await new DataSource(dataSourceOptions(databaseUrl, 2)).initialize();
  try {
    await using guard = source.createQueryRunner();
    await guard.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await source.runMigrations();
    await guard.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await source.destroy();
  }
}
