import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { POSTGRES_URL, sharedServer, TEMPLATE_DATABASE, withDatabase } from './addresses.js';

/** A migrated, empty database of one test's own. */
export interface TestDatabase {
  readonly url: string;
  /** Cuts off whoever is still connected. */
  drop(): Promise<void>;
}

/** `template0` makes one without any schema; the name of another database, to which nobody is connected, a copy of it. */
export async function createTestDatabase(template: string = TEMPLATE_DATABASE): Promise<TestDatabase> {
  const name = `matchum_test_${randomBytes(6).toString('hex')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    url: withDatabase(sharedServer(POSTGRES_URL), name),
    drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function administer(sql: string): Promise<void> {
  const admin = new pg.Client({ connectionString: sharedServer(POSTGRES_URL) });
  await admin.connect();
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
}
