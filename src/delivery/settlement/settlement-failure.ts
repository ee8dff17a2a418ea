import { InvariantViolation } from '../../core/invariant-violation.js';
import { isDatabaseUnavailable, isStatementTimeout, postgresFailure } from '../../platform/database/database-errors.js';

/**
 * Why a settlement failed. `permanent`: the batch itself can't be settled, trying again can't help. `outage`: a server was
 * away, which says nothing about the batch. `retryable`: anything else; it counts against the batch.
 */
export type FailureKind = 'permanent' | 'outage' | 'retryable';

// Classes 22 and 23 are data that a column or a constraint refuses: https://www.postgresql.org/docs/current/errcodes-appendix.html
const REFUSED_DATA = /^2[23]/;
// Class 53 is a server out of disk, memory or connections; 25006 one that only reads, as after a failover.
const SERVER_SHORT = /^(53...|25006)$/;
/** Messages of ioredis and Redis itself; none of them carries data. */
const REDIS_AWAY =
  /^(Connection is closed\.|Stream isn't writeable|Command timed out|Reached the max retries per request limit|(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|BUSY|OOM|MISCONF|NOAUTH|NOPERM|WRONGPASS)\b)/;
const NETWORK_CODE = /^(E[A-Z_]{3,}|NR_CLOSED)$/;

export function failureKind(error: unknown): FailureKind {
  if (error instanceof InvariantViolation) return 'permanent';
  const { state = '' } = postgresFailure(error) ?? {};
  if (REFUSED_DATA.test(state)) return 'permanent';
  // A batch that is too slow every time would be tried for ever if that counted as an outage.
  if (state !== '' && isStatementTimeout(error)) return 'retryable';
  if (isDatabaseUnavailable(error) || SERVER_SHORT.test(state)) return 'outage';
  return REDIS_AWAY.test(messageOf(error)) ? 'outage' : 'retryable';
}

/** The worker that had the batch died or hung over it: it may be what the worker dies of. */
export class WorkerLost extends Error {
  constructor() {
    super('the worker died or hung while it settled the batch');
    this.name = 'WorkerLost';
  }
}

/**
 * A failure for people to read: only what is known to carry no member's id, no value of a row and no secret. The messages
 * of Postgres and of Redis scripts may quote what they were given, so that of those only the codes are told.
 */
export function describeFailure(error: unknown): string {
  if (error instanceof InvariantViolation || error instanceof WorkerLost) return error.message;
  const postgres = postgresFailure(error);
  if (postgres !== null) {
    return `Postgres error ${postgres.state}${postgres.constraint === null ? '' : ` (${postgres.constraint})`}`;
  }
  const message = messageOf(error);
  const [redis] = REDIS_AWAY.exec(message) ?? [];
  if (redis !== undefined) return `Redis: ${redis}`;
  const { code } = fieldsOf(error);
  if (typeof code === 'string' && NETWORK_CODE.test(code)) return `network error ${code}`;
  if (isDatabaseUnavailable(error)) return 'Postgres: the connection broke or none was to be had';
  const [redisCode] = /^(WRONGTYPE|NOSCRIPT|ERR)\b/.exec(message) ?? [];
  if (redisCode !== undefined) return `Redis error ${redisCode}`;
  return `${nameOf(error)}${placeOf(error)}`;
}

function nameOf(error: unknown): string {
  const { name } = fieldsOf(error);
  return typeof name === 'string' && /^[A-Z]\w{2,40}$/.test(name) ? name : 'error';
}

/** Where in our own code it was thrown: what a programmer needs, and no data. */
function placeOf(error: unknown): string {
  const { stack } = fieldsOf(error);
  const [, place] = /\/src\/([\w/.-]+\.[jt]s:\d+)/.exec(typeof stack === 'string' ? stack : '') ?? [];
  return place === undefined ? '' : ` at ${place}`;
}

function messageOf(error: unknown): string {
  const { message } = fieldsOf(error);
  return typeof message === 'string' ? message : '';
}

/** Not by `instanceof Error`: where code runs in a realm of its own, Node's errors come from another one. */
function fieldsOf(error: unknown): { readonly [field in 'name' | 'message' | 'stack' | 'code']?: unknown } {
  return typeof error === 'object' && error !== null ? error : {};
}
