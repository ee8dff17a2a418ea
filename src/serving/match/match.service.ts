import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { placementPositions } from '../../core/placement/positions.js';
import { invalid } from '../../platform/app-error.js';
import { Clock } from '../../platform/clock.js';
import type { Utf8Text } from '../../platform/http/utf8-text.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import { PlacementsService } from '../placements/placements.service.js';
import { Decider, type NoFillReason, type Outcome, type Patience, type PreparedMatch } from './decider.js';
import { checkMatchInput, type MatchInput } from './match-input.js';

export interface Decision {
  readonly requestId: string;
  /** As JSON. */
  readonly messages: readonly Utf8Text[];
  readonly noFill?: { readonly reason: NoFillReason };
  readonly refreshAfterSeconds: number;
}

/**
 * What the requests share that arrive in one turn of the event loop: they go on together once all of them are read, so that
 * they ask Postgres and Redis together, and are answered together; and one deadline.
 */
interface Turn {
  readonly isOver: Promise<void>;
  /** Those who have no answer yet, until the deadline; whoever has one leaves, so that it is not kept. */
  readonly waiting: Set<(outcome: 'deadline') => void>;
  /** Of `performance.now()`. */
  readonly beganTick: number;
}

/**
 * Answers match requests. Whatever goes wrong on the way gives an empty decision in time, never an error in a member's chat
 * list.
 */
@Injectable()
export class MatchService {
  private readonly logger = new Logger(MatchService.name);
  private readonly decisions;
  private turn: Turn | null = null;

  constructor(
    private readonly placements: PlacementsService,
    private readonly decider: Decider,
    private readonly clock: Clock,
    @Inject(RUNTIME_CONFIG) private readonly config: RuntimeConfig,
    metrics: Metrics,
  ) {
    this.decisions = metrics.counter('matchum_decisions_total', 'Decisions by outcome', ['outcome']);
  }

  /**
   * As of now, or of when its request arrived where time is simulated: its body may have come long after it, and others been
   * decided before. Rejects only for the request's own fault.
   */
  async match(input: MatchInput, arrivedAt: number): Promise<Decision> {
    const prepared = this.prepare(input, this.clock.simulated ? arrivedAt : this.clock.now());
    const outcome = await this.outcomeOf(prepared);
    this.decisions.inc({ outcome: typeof outcome === 'string' ? outcome : 'filled' });
    return {
      requestId: prepared.requestId,
      messages: typeof outcome === 'string' ? [] : outcome,
      ...(typeof outcome === 'string' ? { noFill: { reason: outcome } } : {}),
      refreshAfterSeconds: prepared.placement.refreshAfterSeconds,
    };
  }

  prepare(input: MatchInput, now: number): PreparedMatch {
    checkMatchInput(input);
    const placement = this.placements.get(input.placement);
    if (placement === null) {
      throw invalid([{ path: 'placement', message: 'is not a known placement; chat_list is always there' }]);
    }
    const { chatCount, maxMessages = placement.maxMessages } = input;
    const positions = placementPositions({
      chatCount,
      firstPosition: placement.firstPosition,
      spacing: placement.spacing,
      maxMessages: Math.min(maxMessages, placement.maxMessages),
    });
    return { input, requestId: input.requestId ?? randomUUID(), placement, positions, now };
  }

  private outcomeOf(prepared: PreparedMatch): Outcome | Promise<Outcome> {
    // Its rules may have changed long ago.
    if (this.placements.isStale) return 'unavailable';
    return prepared.positions.length === 0 ? 'placement' : this.inTime(prepared);
  }

  /**
   * Past the deadline, a decision that has an id goes on alone, since it may be asked for again; one without is given up, so
   * that it binds neither money nor caps for messages that nobody gets.
   */
  private inTime(prepared: PreparedMatch): Promise<Outcome> {
    const { waiting, isOver, beganTick } = (this.turn ??= this.beginTurn());
    return new Promise((resolve) => {
      waiting.add(resolve);
      const answer = (outcome: Outcome): void => {
        waiting.delete(resolve);
        resolve(outcome);
      };
      const patience: Patience = {
        isLost: () => !waiting.has(resolve) && prepared.input.requestId === undefined,
        // Once more takes as long as what came before.
        isHurried: () => waiting.has(resolve) && performance.now() - beganTick >= this.config.matchDeadlineMs / 2,
      };
      isOver
        .then(() => this.decider.decide(prepared, patience))
        .then(answer, (error: Error) => {
          this.logger.warn({ msg: 'match answered empty', reason: error.message });
          answer('unavailable');
        });
    });
  }

  private beginTurn(): Turn {
    const waiting: Turn['waiting'] = new Set();
    const end = (): void => {
      for (const resolve of waiting) resolve('deadline');
      waiting.clear();
    };
    setTimeout(end, this.config.matchDeadlineMs).unref();
    const isOver = new Promise<void>((resolve) =>
      setImmediate(() => {
        this.turn = null;
        resolve();
      }),
    );
    return { isOver, waiting, beganTick: performance.now() };
  }
}
