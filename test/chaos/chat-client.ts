import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../../src/commands/seeded-random.js';
import type { DecisionTokens } from '../../src/tracking/decision-token.js';
import {
  type ClientRecord,
  type EventVerdict,
  type MatchTry,
  type RecordedEvent,
  type RecordedMessage,
} from './record.js';

/** One of the product's API processes, as a client knows it. */
export interface ApiAddress {
  readonly name: string;
  readonly url: string;
}

export interface ChatClientOptions {
  readonly apis: readonly ApiAddress[];
  readonly key: string;
  /** To read what a token says. */
  readonly tokens: DecisionTokens;
  readonly record: ClientRecord;
  readonly random: SeededRandom;
}

/** A client that waits longer than this for a decision has lost its member. */
const MATCH_TIMEOUT_MS = 5_000;
const EVENTS_TIMEOUT_MS = 4_000;
const MOST_MATCH_TRIES = 4;
const SHORTEST_PAUSE_MS = 150;
const LONGEST_PAUSE_MS = 1_000;
/** Of those who follow links: a phone. */
const USER_AGENT =
  'Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';
/** An image goes out whatever becomes of its impression; a page can't be told while Postgres is away. */
const LINKS = {
  impression: { path: '/t/i', statuses: [200] },
  click: { path: '/t/c', statuses: [302, 503] },
} as const;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface MatchRequest {
  readonly userId: string;
  readonly requestId: string;
  readonly placement: string;
  readonly chatCount: number;
  readonly maxMessages: number;
}

export type Wish = Pick<MatchRequest, 'requestId' | 'placement' | 'maxMessages'>;

interface MatchBody {
  readonly messages: readonly { readonly token: string }[];
  readonly noFill?: { readonly reason: string };
}

/** The chat backend: on a broken connection, a time-out or a 503 it asks again, elsewhere, for the same. */
export class ChatClient {
  private readonly headers;

  constructor(private readonly options: ChatClientOptions) {
    this.headers = { authorization: `Bearer ${options.key}`, 'content-type': 'application/json' };
  }

  /** The decision, or what came of the last try. */
  async match(memberId: string, wish: Wish): Promise<MatchTry> {
    for (let tries = 1; ; tries++) {
      const result = await this.tryMatch({ userId: memberId, chatCount: 42, ...wish });
      if (result.status === 200 || tries === MOST_MATCH_TRIES) return result;
      await this.pause();
    }
  }

  /** Sends the events until they are answered; gives up after `mostTries`. */
  async report(events: readonly RecordedEvent[], mostTries = Infinity): Promise<void> {
    for (let tries = 1; tries <= mostTries; tries++) {
      if (await this.tryReport(events)) return;
      await this.pause();
    }
  }

  /** As a phone does it: once, and nobody learns whether the report was taken. */
  async followLink(event: RecordedEvent): Promise<void> {
    const { apis, random, record } = this.options;
    const api = random.pick(apis);
    const { path, statuses } = LINKS[event.type === 'click' ? 'click' : 'impression'];
    const sentAt = Date.now();
    const status = await this.get(`${api.url}${path}/${event.token}`);
    if (status !== null && !statuses.some((usual) => usual === status)) {
      record.serverErrors.push(`${api.name} answered a link of a ${event.type} by ${status}`);
    }
    event.tries.push({ sentAt, endedAt: Date.now(), verdict: null, code: null });
  }

  private async tryMatch(body: MatchRequest): Promise<MatchTry> {
    const { apis, random, record } = this.options;
    const api = random.pick(apis);
    const startedAt = Date.now();
    const answer = await this.post(`${api.url}/v1/match`, body, MATCH_TIMEOUT_MS);
    const decision = answer?.status === 200 ? (answer.body as MatchBody) : null;
    const result: MatchTry = {
      memberId: body.userId,
      requestId: body.requestId,
      api: api.name,
      startedAt,
      endedAt: Date.now(),
      status: answer?.status ?? null,
      noFill: decision?.noFill?.reason ?? null,
      messages: decision?.messages.map(({ token }) => this.toMessage(token)) ?? [],
    };
    record.matches.push(result);
    return result;
  }

  private toMessage(token: string): RecordedMessage {
    const placed = this.options.tokens.verify(token);
    if (placed === null) throw new Error(`A decision has a token that is not ours: ${token}`);
    return { token, placed };
  }

  private async tryReport(events: readonly RecordedEvent[]): Promise<boolean> {
    const { apis, random, record } = this.options;
    const api = random.pick(apis);
    const sentAt = Date.now();
    const body = events.map(({ type, token, eventId, statedAt }) => ({
      type,
      token,
      ...(statedAt === null ? {} : { at: new Date(statedAt).toISOString() }),
      ...(eventId === '' ? {} : { id: eventId }),
    }));
    const answer = await this.post(`${api.url}/v1/events`, { events: body }, EVENTS_TIMEOUT_MS);
    const isTaken = answer?.status === 202;
    if (answer !== null && !isTaken && answer.status !== 503) {
      record.serverErrors.push(`${api.name} answered events by ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    const { results = [] } = isTaken ? (answer.body as { results: { status: EventVerdict; code?: string }[] }) : {};
    const endedAt = Date.now();
    events.forEach((event, i) => {
      event.tries.push({ sentAt, endedAt, verdict: results[i]?.status ?? null, code: results[i]?.code ?? null });
    });
    return isTaken;
  }

  /** Null where no answer came. */
  private async post(url: string, body: object, timeoutMs: number): Promise<Answer | null> {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(url, { method: 'POST', headers: this.headers, body: JSON.stringify(body), signal });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
    } catch {
      return null;
    }
  }

  /** The status; null where no answer came. */
  private async get(url: string): Promise<number | null> {
    try {
      const signal = AbortSignal.timeout(EVENTS_TIMEOUT_MS);
      const response = await fetch(url, { headers: { 'user-agent': USER_AGENT }, redirect: 'manual', signal });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return null;
    }
  }

  private async pause(): Promise<void> {
    await pause(this.options.random.whole(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS));
  }
}
