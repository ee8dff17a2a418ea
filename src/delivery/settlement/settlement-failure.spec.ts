import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { InvariantViolation } from '../../core/invariant-violation.js';
import { describeFailure, failureKind, WorkerLost } from './settlement-failure.js';

const SECRET = 'member-4711';

/** As TypeORM hands on what Postgres said. */
function postgres(code: string, constraint?: string): QueryFailedError {
  const cause = Object.assign(new Error(`something about "${SECRET}"`), { code, constraint });
  return new QueryFailedError('SELECT $1', [SECRET], cause);
}

describe('a failed settlement', () => {
  it.each([
    ['permanent', new InvariantViolation('an event names a campaign that is there')],
    ['permanent', postgres('23514', 'prepaid_accounts_not_negative')],
    ['permanent', postgres('22003')],
    ['outage', postgres('57P01')],
    ['outage', postgres('53100')],
    ['outage', postgres('40P01')],
    ['outage', postgres('25006')],
    ['outage', Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' })],
    ['outage', new Error('Connection is closed.')],
    ['outage', new Error("Stream isn't writeable and enableOfflineQueue options is false")],
    ['outage', new Error('Command timed out')],
    ['outage', new Error('LOADING Redis is loading the dataset in memory')],
    ['outage', new Error('Connection terminated unexpectedly')],
    ['retryable', postgres('57014')],
    ['retryable', postgres('XX000')],
    ['retryable', new WorkerLost()],
    ['retryable', new TypeError(`Cannot read properties of ${SECRET}`)],
    ['retryable', new Error(`WRONGTYPE Operation against ${SECRET}`)],
    ['retryable', 'thrown text'],
    ['retryable', null],
  ] as const)('is %s: %s', (kind, error) => {
    expect(failureKind(error)).toBe(kind);
    expect(describeFailure(error)).toMatch(/\w/);
    expect(describeFailure(error)).not.toContain(SECRET);
  });

  it('is told by code, constraint and place', () => {
    expect(describeFailure(postgres('23514', 'a_limit'))).toBe('Postgres error 23514 (a_limit)');
    expect(describeFailure(postgres('57014'))).toBe('Postgres error 57014');
    expect(describeFailure(new Error('Connection is closed.'))).toBe('Redis: Connection is closed.');
    expect(describeFailure(new TypeError(SECRET))).toMatch(
      /^TypeError at delivery\/settlement\/settlement-failure\.spec\.[jt]s:\d+$/,
    );
  });
});
