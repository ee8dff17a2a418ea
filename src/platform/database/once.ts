import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { AppError, conflict } from '../app-error.js';

/** What makes two requests the same one: the caller's API key, its `Idempotency-Key` (null: none sent), route and body. */
export interface RequestIdentity {
  readonly apiKeyId: string;
  readonly idempotencyKey: string | null;
  readonly route: string;
  readonly body: unknown;
  readonly now: number;
}

interface StoredAnswer {
  readonly request_hash: Buffer;
  readonly answer: unknown;
}

/** A repeat that comes later is a new request. */
export const ANSWERS_KEPT_MS = 24 * 3_600_000;

/**
 * Does a creation and keeps its answer in one transaction, so that a repeated request gets the first one's answer
 * however the first one ended: not begun, done, or still under way (then the repeat waits for it). Answers are kept for
 * `ANSWERS_KEPT_MS` at least; the worker deletes older ones.
 */
@Injectable()
export class Once {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** `keep` chooses what of the answer is stored; what it leaves out, a repeat does not get again. */
  async create<T extends object>(
    request: RequestIdentity,
    work: (tx: EntityManager) => Promise<T>,
    keep: (answer: T) => object = (answer) => answer,
  ): Promise<T> {
    const { idempotencyKey } = request;
    if (idempotencyKey === null) return this.dataSource.transaction(work);
    if (!/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) {
      throw new AppError(400, 'malformed_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters.');
    }
    const hash = createHash('sha256')
      .update(JSON.stringify([request.route, request.body]))
      .digest();
    return this.dataSource.transaction(async (tx) => {
      const earlier = await this.claim(tx, request, idempotencyKey, hash);
      if (earlier !== null) return this.repeat<T>(earlier, hash);
      const answer = await work(tx);
      await tx.query(
        'UPDATE idempotent_answers SET answer = $3::jsonb WHERE api_key_id = $1 AND idempotency_key = $2',
        [request.apiKeyId, idempotencyKey, JSON.stringify(keep(answer))],
      );
      return answer;
    });
  }

  /** The insert waits for another transaction that holds the same key. */
  private async claim(
    tx: EntityManager,
    request: RequestIdentity,
    idempotencyKey: string,
    hash: Buffer,
  ): Promise<StoredAnswer | null> {
    const inserted = await tx.query<unknown[]>(
      `INSERT INTO idempotent_answers (api_key_id, idempotency_key, request_hash, created_at)
       VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1`,
      [request.apiKeyId, idempotencyKey, hash, new Date(request.now)],
    );
    if (inserted.length > 0) return null;
    const [earlier] = await tx.query<StoredAnswer[]>(
      'SELECT request_hash, answer FROM idempotent_answers WHERE api_key_id = $1 AND idempotency_key = $2',
      [request.apiKeyId, idempotencyKey],
    );
    // It was deleted for its age in between; the work must not be done without a claim.
    if (earlier === undefined) throw keyGone();
    return earlier;
  }

  private repeat<T>(earlier: StoredAnswer, hash: Buffer): T {
    if (!earlier.request_hash.equals(hash)) {
      throw conflict('idempotency_key_reused', 'This Idempotency-Key was used for another request; choose a new one.');
    }
    return earlier.answer as T;
  }
}

function keyGone(): AppError {
  const detail = 'The answer kept for this Idempotency-Key was deleted just now for its age; send the request again.';
  return new AppError(503, 'unavailable', detail, [], { 'retry-after': '1' });
}
