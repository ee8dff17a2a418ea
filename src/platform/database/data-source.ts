import type { DataSourceOptions } from 'typeorm';
import { types } from 'pg';
import { MIGRATIONS } from '../../../migrations/index.js';
import { invariant } from '../../core/invariant-violation.js';

/** Every `bigint` column holds micros or counts below 2^53, which constraints hold them to; sums are cast to text in SQL. */
types.setTypeParser(types.builtins.INT8, (text) => {
  const value = Number(text);
  invariant(Number.isSafeInteger(value), `bigint ${text} is not a safe integer`);
  return value;
});

/** A statement that runs longer than this has lost its request; settlement and bulk loads stay well below. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** For a server that does not answer any more, not even that it stopped the statement. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
const CONNECT_TIMEOUT_MS = 2_000;
/**
 * A process that is frozen in the middle of a transaction, or gone without a word, keeps its locks for so long; well below what
 * a statement that waits for them may take.
 */
const IDLE_IN_TRANSACTION_MS = 10_000;

/** From asking for a connection to the end of a statement that began on it. */
export const LONGEST_QUERY_MS = CONNECT_TIMEOUT_MS + QUERY_TIMEOUT_MS;

export function dataSourceOptions(url: string, poolSize: number): DataSourceOptions & { type: 'postgres' } {
  return {
    type: 'postgres',
    url,
    migrations: MIGRATIONS,
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    poolSize,
    // Without this, an idle connection that breaks would end the process.
    poolErrorHandler: () => undefined,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    extra: {
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      application_name: 'matchum',
    },
  };
}
