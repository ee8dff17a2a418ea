import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { isAnswered, isDatabaseUnavailable } from './database-errors.js';

function failure(message: string, code?: string, severity = 'ERROR'): QueryFailedError {
  return new QueryFailedError('SELECT 1', [], Object.assign(new Error(message), { code, severity }));
}

describe('isDatabaseUnavailable', () => {
  it.each([
    ['a statement that ran too long', failure('canceling statement due to statement timeout', '57014')],
    ['a server that does not answer', failure('Query read timeout')],
    ['a deadlock', failure('deadlock detected', '40P01')],
    ['a serialization failure', failure('could not serialize access', '40001')],
    ['a server that stops', failure('terminating connection', '57P01')],
    ['one of several addresses', new AggregateError([Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })])],
  ])('is true for %s', (_name, error) => {
    expect(isDatabaseUnavailable(error)).toBe(true);
  });

  it.each([
    ['a broken constraint', failure('duplicate key', '23505')],
    ['a fault in a statement', failure('syntax error', '42601')],
    ['no error at all', null],
  ])('is false for %s', (_name, error) => {
    expect(isDatabaseUnavailable(error)).toBe(false);
  });
});

describe('isAnswered', () => {
  it.each([
    ['a broken constraint', failure('duplicate key', '23505'), true],
    ['a statement that ran too long', failure('canceling statement due to statement timeout', '57014'), true],
    ['a server that stops', failure('terminating connection', '57P01', 'FATAL'), false],
    ['a server that can not write its log', failure('could not write to file', '53100', 'PANIC'), false],
    ['a server that speaks Korean', failure('duplicate key', '23505', '오류'), false],
    ['a broken connection, as a pooler tells of it', failure('server closed the connection', '08P01'), false],
    ['a broken connection', failure('write EPIPE', 'EPIPE'), false],
    ['a server that does not answer', failure('Query read timeout'), false],
  ])('knows %s', (_name, error, expected) => {
    expect(isAnswered(error)).toBe(expected);
  });
});
