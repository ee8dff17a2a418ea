import { QueryFailedError } from 'typeorm';

// Class 08 is a broken connection, 57P0x a server that stops or starts, 53300 one without a free connection, 57014 one
// that took too long, 25P03 a transaction that was idle for too long, 40001 and 40P01 transactions that got in each other's
// way; see https://www.postgresql.org/docs/current/errcodes-appendix.html
const UNAVAILABLE =
  /^(08...|57P0[123]|57014|25P03|53300|40001|40P01|ECONN(REFUSED|RESET)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/;
// TypeORM releases the runner of a connection that breaks between two statements, and tells the next one only that.
const UNAVAILABLE_MESSAGE = new RegExp(
  'timeout exceeded when trying to connect|Connection terminated|connection.*closed|not queryable|Query read timeout|' +
    'Query runner already released',
  'i',
);

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const QUERY_CANCELED = '57014';

interface DriverError {
  readonly code?: string;
  readonly constraint?: string;
  readonly message?: string;
  /** `FATAL` where the connection ends with it, `PANIC` where the server does. */
  readonly severity?: string;
}

/** What Postgres said of a failure, in words that carry no data: its SQLSTATE, and the constraint if one was violated. */
export function postgresFailure(error: unknown): { readonly state: string; readonly constraint: string | null } | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, constraint } = driverError(error);
  return code !== undefined && /^(?=.*\d)[0-9A-Z]{5}$/.test(code)
    ? { state: code, constraint: constraint ?? null }
    : null;
}

function driverError(error: unknown): DriverError {
  return (error instanceof QueryFailedError ? error.driverError : error) as DriverError;
}

/** True where the server is away, stopping or too busy: trying again later can help, another input can't. */
export function isDatabaseUnavailable(error: unknown): boolean {
  // Not by `instanceof Error`: where code runs in a realm of its own, Node's network errors come from another one.
  if (typeof error !== 'object' || error === null) return false;
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.some(isDatabaseUnavailable);
  const { code = '', message = '' } = driverError(error);
  return UNAVAILABLE.test(code) || UNAVAILABLE_MESSAGE.test(message);
}

/**
 * True where the server answered a statement and goes on: what that was to write is not to come any more. Where it says so in
 * another language, nobody relies on it.
 */
export function isAnswered(error: unknown): boolean {
  const failure = postgresFailure(error);
  return failure !== null && driverError(error).severity === 'ERROR' && !/^(08|57P)/.test(failure.state);
}

export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const { code, constraint: name } = driverError(error);
  return code === UNIQUE_VIOLATION && name === constraint;
}

export function isForeignKeyViolation(error: unknown, constraint: string): boolean {
  const { code, constraint: name } = driverError(error);
  return code === FOREIGN_KEY_VIOLATION && name === constraint;
}

/** True where the server gave a statement up because it ran too long. */
export function isStatementTimeout(error: unknown): boolean {
  return driverError(error).code === QUERY_CANCELED;
}
