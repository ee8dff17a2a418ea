import { type ApiClient, ApiProblem } from '../api-client.js';
import { SeededRandom } from '../seeded-random.js';
import type { AuctionRequest } from './auction-request.js';
import { EventSender, type PendingEvent } from './event-sender.js';
import { memberIdOf } from './log-facts.js';
import type { Decision, Tally } from './tally.js';

/**
 * Plays a log's requests against the match endpoint, and what members do with the messages. What a member does depends on
 * the seed and the request alone, not on the order in which answers come.
 */
export interface TrafficOptions {
  readonly seed: number;
  /** On a simulated clock each request is made at the log's time. */
  readonly isSimulated: boolean;
  /** Behind the log's id; '' for the first replay of an instance. */
  readonly requestIdSuffix: string;
}

/** A member sees most of the list's top, and less of what is further down. */
const SEEN = [0.97, 0.92, 0.85];
const CLICKED = 0.02;
const NO_CHATS = 0.03;
/** Chats in a list: half of the members have more than this, and one in six more than two and a half times as many. */
const MEDIAN_CHATS = 24;
const CHATS_SPREAD = 0.9;
const MOST_CHATS = 1_000;

export class ReplayTraffic {
  private readonly sender: EventSender;
  /** Epoch ms; the latest time that was played. */
  private latest = 0;

  constructor(
    private readonly client: ApiClient,
    private readonly tally: Tally,
    private readonly options: TrafficOptions,
  ) {
    this.sender = new EventSender(() => this.clientAt(this.latest), tally);
  }

  /** Epoch ms: no accepted event happened later, by the server's clock. */
  get lastEventAt(): number {
    return this.options.isSimulated ? this.latest : this.sender.lastEventAt;
  }

  async play(request: AuctionRequest): Promise<void> {
    this.latest = Math.max(this.latest, request.at);
    const random = new SeededRandom(`replay ${this.options.seed} ${request.id}`);
    const asked = matchBody(request, random);
    const decision = await this.match(request, asked);
    if (decision !== null) await this.sender.add(reactions(decision, asked.userId, random));
  }

  /** Sends the events that still wait. */
  async finish(): Promise<void> {
    await this.sender.drain();
  }

  /** Null when the request failed. */
  private async match({ at }: AuctionRequest, asked: MatchBody): Promise<Decision | null> {
    const body = { ...asked, requestId: asked.requestId + this.options.requestIdSuffix };
    const client = this.clientAt(at);
    const startedAt = performance.now();
    try {
      const { body: decision } = await client.call<Decision>('POST', '/v1/match', { body, idempotent: true });
      this.tally.addDecision(decision, performance.now() - startedAt);
      return decision;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.tally.addFailedRequest(`match: ${error.status} ${error.code}`);
      return null;
    }
  }

  private clientAt(time: number): ApiClient {
    return this.options.isSimulated ? this.client.at(time) : this.client;
  }
}

type MatchBody = ReturnType<typeof matchBody>;

/** What the member's messenger asks; the log does not tell of chats, so `random` gives their number. */
export function matchBody(request: AuctionRequest, random: SeededRandom) {
  const { id, place, device, language } = request;
  return {
    userId: memberIdOf(request),
    placement: 'chat_list',
    chatCount: chatCount(random),
    context: { ...device, ...place, ...(language === null ? {} : { language }) },
    requestId: id,
  };
}

function reactions({ messages }: Decision, memberId: string, random: SeededRandom): readonly PendingEvent[] {
  return messages
    .map(({ adGroupId, token }, i) => ({
      event: { type: 'impression', memberId, adGroupId, token, isClicked: random.chance(CLICKED) } as const,
      isSeen: random.chance(SEEN[i] ?? SEEN.at(-1) ?? 0),
    }))
    .filter(({ isSeen }) => isSeen)
    .map(({ event }) => event);
}

function chatCount(random: SeededRandom): number {
  if (random.chance(NO_CHATS)) return 0;
  return Math.min(MOST_CHATS, Math.round(MEDIAN_CHATS * Math.exp(CHATS_SPREAD * random.normal())));
}
