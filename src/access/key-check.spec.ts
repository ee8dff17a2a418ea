import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import type { Actor } from './access.api.js';
import { generateKey, hashKey, hasKeyForm, readBearer } from './api-key.js';
import { KeyCheck } from './key-check.js';

const ACTOR: Actor = { keyId: 'key_1', role: 'chat', advertiserId: null };
const HASH = hashKey(generateKey('chat'));

/** Postgres in the test's hands: what it holds, whether it answers, and how often it was asked. */
class Directory {
  readonly actors = new Map<string, Actor>();
  state: 'up' | 'refusing' | 'hanging' = 'up';
  lookUps = 0;
  private hanging: (() => void)[] = [];

  find = (hash: Buffer): Promise<Actor | null> => {
    this.lookUps++;
    // What a statement sees is fixed when it begins.
    const actor = this.actors.get(hash.toString('hex')) ?? null;
    if (this.state === 'up') return Promise.resolve(actor);
    if (this.state === 'refusing') return Promise.reject(new Error('connect ECONNREFUSED'));
    return new Promise((resolve) => this.hanging.push(() => resolve(actor)));
  };

  set(hash: Buffer, actor: Actor | null): void {
    if (actor === null) this.actors.delete(hash.toString('hex'));
    else this.actors.set(hash.toString('hex'), actor);
  }

  letGo(): void {
    for (const answer of this.hanging.splice(0)) answer();
  }
}

describe('KeyCheck', () => {
  let directory: Directory;
  let now: number;
  let check: KeyCheck;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  afterAll(() => {
    Logger.overrideLogger(['log', 'warn', 'error']);
  });

  beforeEach(() => {
    directory = new Directory();
    now = 1_000;
    check = new KeyCheck(directory.find, () => now);
    directory.set(HASH, ACTOR);
  });

  /** Lets look-ups that nobody waits for come to their end. */
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('asks once for a key in use, and again only after some seconds', async () => {
    expect(await check.check(HASH)).toEqual(ACTOR);
    now += 2_400;
    expect(check.check(HASH)).toEqual(ACTOR);
    expect(directory.lookUps).toBe(1);
  });

  it('asks once for requests that come at the same time', async () => {
    const answers = await Promise.all([check.check(HASH), check.check(HASH), check.check(HASH)]);
    expect(answers).toEqual([ACTOR, ACTOR, ACTOR]);
    expect(directory.lookUps).toBe(1);
  });

  it('never accepts a revoked key longer than 5 seconds while Postgres answers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4_000 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 20 }),
        async (before, after) => {
          const fresh = new KeyCheck(directory.find, () => now);
          directory.set(HASH, ACTOR);
          for (const pause of before) {
            now += pause;
            expect(await fresh.check(HASH)).toEqual(ACTOR);
            await settle();
          }
          directory.set(HASH, null);
          const revokedAt = now;
          for (const pause of after) {
            now += pause;
            const answer = await fresh.check(HASH);
            if (now - revokedAt >= 5_000) expect(answer).toBeNull();
            await settle();
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuses a key at once that was revoked here', async () => {
    await check.check(HASH);
    directory.set(HASH, null);
    check.revoke(HASH);
    expect(await check.check(HASH)).toBeNull();
  });

  it('does not keep what a look-up found that began before the key was revoked here', async () => {
    directory.state = 'hanging';
    const early = check.check(HASH);
    directory.set(HASH, null);
    check.revoke(HASH);
    directory.letGo();
    await early;
    directory.state = 'up';
    expect(await check.check(HASH)).toBeNull();
  });

  it('forgets within a second that a key was not known', async () => {
    const hash = hashKey(generateKey('chat'));
    expect(await check.check(hash)).toBeNull();
    directory.set(hash, ACTOR);
    now += 999;
    expect(await check.check(hash)).toBeNull();
    now += 1;
    expect(await check.check(hash)).toEqual(ACTOR);
  });

  it.each(['refusing', 'hanging'] as const)('goes on with a key in use while Postgres is %s', async (state) => {
    await check.check(HASH);
    directory.state = state;
    for (let minute = 1; minute < 60; minute++) {
      now += 60_000;
      expect(await check.check(HASH)).toEqual(ACTOR);
    }
    directory.letGo();
  });

  it('stops believing in a key after an hour without a look-up', async () => {
    await check.check(HASH);
    directory.state = 'refusing';
    now += 3_600_000;
    await expect(check.check(HASH)).rejects.toThrow('ECONNREFUSED');
  });

  it('knows an issued key without asking', async () => {
    directory.state = 'refusing';
    check.admit(HASH, ACTOR);
    expect(check.check(HASH)).toEqual(ACTOR);
    expect(directory.lookUps).toBe(0);
  });

  it('answers 503 for a key it never saw while Postgres is away, and asks only now and then', async () => {
    directory.state = 'refusing';
    await expect(check.check(HASH)).rejects.toThrow('ECONNREFUSED');
    await expect(check.check(HASH)).rejects.toMatchObject({ status: 503, code: 'unavailable' });
    expect(directory.lookUps).toBe(1);
    now += 250;
    directory.state = 'up';
    expect(await check.check(HASH)).toEqual(ACTOR);
  });

  it('gives up on a look-up that never ends', async () => {
    directory.state = 'hanging';
    await expect(check.check(HASH)).rejects.toMatchObject({ status: 503 });
    directory.state = 'up';
    now += 2_000;
    expect(await check.check(HASH)).toEqual(ACTOR);
  });
});

describe('API keys', () => {
  it('have the form that is looked up, tell their role, and never repeat', () => {
    const keys = Array.from({ length: 200 }, () => generateKey('analyst'));
    expect(keys.every((key) => hasKeyForm(key) && key.startsWith('mk_analyst_'))).toBe(true);
    expect(new Set(keys).size).toBe(200);
  });

  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   abc', 'abc'],
    [undefined, null],
    ['', null],
    ['Bearer', null],
    ['Bearer ', null],
    ['abc', null],
    ['Basic abc', null],
    ['Bearer a b', null],
    ['Bearer abc ', null],
    ['Bearer ключ', null],
  ])('are read from the header %j as %j', (header, key) => {
    expect(readBearer(header)).toBe(key);
  });

  it('are not read from a header that is longer than any key', () => {
    expect(readBearer(`Bearer ${'a'.repeat(1024)}`)).toHaveLength(1024);
    expect(readBearer(`Bearer ${'a'.repeat(1025)}`)).toBeNull();
  });
});
