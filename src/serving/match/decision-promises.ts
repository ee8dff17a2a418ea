import { Injectable } from '@nestjs/common';
import { type CostlyMessage, type Held, LeaseBook } from '../../delivery/delivery.api.js';
import { RememberedDecisions } from './remembered-decisions.js';

/**
 * What is to be promised before the messages of a decision are given. `all`: the decision is new, or it is not known what
 * of it was promised, so that nothing is given without. `what it can`: another process made it and most likely promised
 * it, but may not know that it is held. `nothing`: this process has promised it.
 */
export type Duty = 'all' | 'what it can' | 'nothing';

/** Who made a decision, when, and until when it may be asked for again. */
type Made = Pick<Held, 'decisionId' | 'decidedAt' | 'expiresAt'>;

/** Sees to it that each message that this process gives is promised, also where its decision was made before. */
@Injectable()
export class DecisionPromises {
  /** Of this process; their holds, or what was to be released of them, may have come through unheard. */
  private readonly inDoubt = new RememberedDecisions();
  /** Of other processes. Once is enough: the money of each time is bound until the messages are over. */
  private readonly promisedToo = new RememberedDecisions();

  constructor(private readonly leases: LeaseBook) {}

  /** Null: nothing may be promised now, so that nothing may be given. */
  get holderId(): number | null {
    return this.leases.holderId;
  }

  dutyOf({ status, decisionId }: Held, leaseHolder: number): Duty {
    if (status === 'held' || this.inDoubt.has(decisionId)) return 'all';
    return leaseHolder === this.holderId || this.promisedToo.has(decisionId) ? 'nothing' : 'what it can';
  }

  /** False where there is no money for it; then the next ranking leaves its ad group out. */
  canPromise(message: CostlyMessage): boolean {
    return this.leases.canPromise(message);
  }

  /** False where there is no money for it. */
  promise(message: CostlyMessage): boolean {
    return this.leases.promise(message);
  }

  notePromisedToo({ decisionId, decidedAt, expiresAt }: Made): void {
    this.promisedToo.add(decisionId, { now: decidedAt, expiresAt });
  }

  /** Nobody was given it, and whoever asks again may be. */
  doubt({ decisionId, decidedAt, expiresAt }: Made): void {
    this.inDoubt.add(decisionId, { now: decidedAt, expiresAt });
  }

  /** What may be given of it is promised, and what may not be is released. */
  settle(decisionId: string): void {
    this.inDoubt.delete(decisionId);
  }
}
