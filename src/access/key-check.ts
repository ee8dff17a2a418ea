import { Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AppError } from '../platform/app-error.js';
import { withinTime } from '../platform/within-time.js';
import type { Actor } from './access.api.js';

/**
 * Decides whose a presented key is, mostly from memory: every request asks.
 *
 * - A key that was revoked anywhere is out `VALID_FOR_MS` later at the latest, here at once, while Postgres answers.
 * - While Postgres is away or slow, keys that were good before go on working, so that a match still gets its (empty)
 *   decision in time. Nobody can revoke a key then, either, except across a broken network.
 * - A key that was never seen can't be judged then: 503, never a guess.
 *
 * Ages are measured by a monotonic clock, which neither a simulated time nor an adjusted one moves.
 */
const VALID_FOR_MS = 5_000;
/** A key in use is looked up again ahead of time, so that no request of a busy caller waits for it. */
const REFRESH_AFTER_MS = 2_500;
const UNKNOWN_FOR_MS = 1_000;
/** How old the last good look-up may be while no new one succeeds. */
const USABLE_FOR_MS = 3_600_000;
/** An index look-up takes about a millisecond; a match has 100 ms for everything, and needs most of them itself. */
const KNOWN_KEY_WAITS_MS = 10;
/** A first look-up may have to open a connection to a busy server. */
const UNKNOWN_KEY_WAITS_MS = 1_000;
/** After a failure, look-ups are left out for so long: thousands of requests a second must not all try to connect. */
const PAUSE_MS = 250;
/** Some hundred bytes an entry. Two caches, so that made-up keys can't drive the good ones out. */
const MAX_KEYS = 20_000;

interface Judgement {
  readonly actor: Actor;
  /** When its look-up began: what happened later, it can't have seen. */
  readonly judgedAt: number;
}

interface LookUp {
  readonly startedAt: number;
  readonly answer: Promise<Actor | null>;
}

export class KeyCheck {
  private readonly logger = new Logger(KeyCheck.name);
  private readonly known = new LRUCache<string, Judgement>({ max: MAX_KEYS });
  private readonly unknown = new LRUCache<string, { readonly judgedAt: number }>({ max: MAX_KEYS });
  private readonly running = new Map<string, LookUp>();
  private revocations = 0;
  private away = false;
  private pausedUntil = -Infinity;

  /** `find` asks Postgres for the actor of a key's hash, and rejects when it can't; `monotonicNow` is in milliseconds. */
  constructor(
    private readonly find: (keyHash: Buffer) => Promise<Actor | null>,
    private readonly monotonicNow: () => number = () => performance.now(),
  ) {}

  /** The key's actor, or null for a key that is not known or was revoked. Rejects when that can't be told just now. */
  check(keyHash: Buffer): Actor | null | Promise<Actor | null> {
    const id = keyHash.toString('latin1');
    const now = this.monotonicNow();
    const judgement = this.known.get(id);
    const age = judgement === undefined ? Infinity : now - judgement.judgedAt;
    if (judgement === undefined || age >= USABLE_FOR_MS) return this.checkUnknown(id, keyHash, now);
    if (age < REFRESH_AFTER_MS) return judgement.actor;
    const lookUp = this.lookUp(id, keyHash, now);
    // Once a look-up has failed, nobody waits for the next ones: one request an outage is slow, not one a pause.
    if (age < VALID_FOR_MS || lookUp === null || this.away) return judgement.actor;
    const wait = lookUp.startedAt + KNOWN_KEY_WAITS_MS - now;
    if (wait <= 0) return judgement.actor;
    return withinTime(
      lookUp.answer.catch(() => judgement.actor),
      wait,
      () => judgement.actor,
    );
  }

  /** For a key that was issued here just now: it must work even if Postgres goes away before its first use. */
  admit(keyHash: Buffer, actor: Actor): void {
    this.known.set(keyHash.toString('latin1'), { actor, judgedAt: this.monotonicNow() });
  }

  revoke(keyHash: Buffer): void {
    // A look-up under way may have seen the key before it was revoked; what it finds is not kept.
    this.revocations++;
    this.known.delete(keyHash.toString('latin1'));
  }

  private checkUnknown(id: string, keyHash: Buffer, now: number): null | Promise<Actor | null> {
    const judgement = this.unknown.get(id);
    if (judgement !== undefined && now - judgement.judgedAt < UNKNOWN_FOR_MS) return null;
    return this.lookUp(id, keyHash, now)?.answer ?? Promise.reject(unavailable());
  }

  /** One look-up a key at a time; null while Postgres is being left alone. */
  private lookUp(id: string, keyHash: Buffer, now: number): LookUp | null {
    const running = this.running.get(id);
    if (running !== undefined) return running;
    if (now < this.pausedUntil) return null;
    const lookUp = { startedAt: now, answer: this.judge(id, keyHash, now) };
    // Whoever waits for it sees the failure; a refresh ahead of time has nobody who waits.
    lookUp.answer.catch(() => undefined);
    this.running.set(id, lookUp);
    return lookUp;
  }

  private async judge(id: string, keyHash: Buffer, startedAt: number): Promise<Actor | null> {
    const { revocations } = this;
    try {
      const actor = await withinTime(this.find(keyHash), UNKNOWN_KEY_WAITS_MS, () => Promise.reject(unavailable()));
      this.reached();
      if (actor === null) {
        this.known.delete(id);
        this.unknown.set(id, { judgedAt: startedAt });
      } else if (revocations === this.revocations) {
        this.known.set(id, { actor, judgedAt: startedAt });
      }
      return actor;
    } catch (error) {
      this.failed(error);
      throw error;
    } finally {
      this.running.delete(id);
    }
  }

  private reached(): void {
    if (this.away) this.logger.log('API keys can be looked up again');
    this.away = false;
    this.pausedUntil = -Infinity;
  }

  private failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (!this.away) this.logger.warn({ msg: 'API keys cannot be looked up; those in use go on working', reason });
    this.away = true;
    this.pausedUntil = this.monotonicNow() + PAUSE_MS;
  }
}

function unavailable(): AppError {
  const detail = 'The key cannot be checked just now, because the database is not reachable; try again.';
  return new AppError(503, 'unavailable', detail, [], { 'retry-after': '1' });
}
