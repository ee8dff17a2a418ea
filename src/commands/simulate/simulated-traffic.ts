import type { ApiClient } from '../api-client.js';
import { SeededRandom } from '../seeded-random.js';
import { CLICK_RATE } from './plan-simulation.js';

/**
 * What the members of a simulation do: in each step some of them open their chat list, see what is placed there, and click
 * on some of it. Who does what depends on the seed and the step alone.
 */
export interface TrafficOptions {
  readonly seed: number;
  readonly run: string;
  readonly members: number;
  readonly timeZone: string;
}

export interface AcceptedEvent {
  readonly type: 'impression' | 'click';
  readonly campaignId: string;
  readonly memberId: string;
  readonly at: number;
}

interface Message {
  readonly campaignId: string;
  readonly token: string;
}

interface Decision {
  readonly messages?: readonly Message[];
  readonly noFill?: { readonly reason: string };
  readonly error?: { readonly code: string };
}

/** Of answers that are empty by no decision. */
const UNDECIDED = ['unavailable', 'deadline'];
const MATCHES_A_REQUEST = 100;
/** A few members use the messenger much more than most. */
const SKEW = 1.5;
const SEEN = [0.97, 0.92, 0.85];
/** Members see what is placed seconds later. */
const SEEN_AFTER_MS = 3_000;

export class SimulatedTraffic {
  matches = 0;
  failed = 0;
  refusedEvents = 0;

  constructor(
    private readonly client: ApiClient,
    private readonly options: TrafficOptions,
    private readonly onAccepted: (event: AcceptedEvent) => void,
  ) {}

  /** So many members open their list between two instants, evenly; resolves once all that they did is accepted. */
  async play(count: number, fromMs: number, untilMs: number): Promise<void> {
    const requests = Math.ceil(count / MATCHES_A_REQUEST);
    const places = Array.from({ length: requests }, (_, i) => i);
    await this.client.each(places, async (i) => {
      const size = Math.min(MATCHES_A_REQUEST, count - i * MATCHES_A_REQUEST);
      const at = Math.floor(fromMs + ((untilMs - fromMs) * (i + 0.5)) / requests);
      await this.playSome(size, at, new SeededRandom(`traffic ${this.options.seed} ${at} ${i}`));
    });
  }

  private async playSome(size: number, at: number, random: SeededRandom): Promise<void> {
    const { members, run, timeZone } = this.options;
    const requests = Array.from({ length: size }, (_, i) => ({
      userId: memberId(Math.floor(members * random.next() ** SKEW)),
      placement: 'chat_list',
      chatCount: random.whole(8, 60),
      context: { timeZone },
      requestId: `${run}-${at}-${i}`,
    }));
    const { results } = await this.client.at(at).post<{ results: readonly Decision[] }>('/v1/match/batch', {
      body: { requests },
      idempotent: true,
    });
    this.matches += size;
    const events: (AcceptedEvent & { readonly token: string })[] = [];
    for (const [i, { messages, noFill, error }] of results.entries()) {
      if (error !== undefined || UNDECIDED.includes(noFill?.reason ?? '')) this.failed++;
      const member = requests[i]?.userId ?? '';
      for (const [place, { campaignId, token }] of (messages ?? []).entries()) {
        const isSeen = random.chance(SEEN[place] ?? 0.8);
        const isClicked = random.chance(CLICK_RATE);
        const event = { campaignId, memberId: member, at: at + SEEN_AFTER_MS, token };
        if (isSeen) events.push({ ...event, type: 'impression' });
        if (isSeen && isClicked) events.push({ ...event, type: 'click' });
      }
    }
    await this.report(events, at + SEEN_AFTER_MS);
  }

  private async report(events: readonly (AcceptedEvent & { readonly token: string })[], at: number): Promise<void> {
    if (events.length === 0) return;
    const body = { events: events.map(({ type, token }) => ({ type, token })) };
    const { body: answer, attempts } = await this.client
      .at(at)
      .call<{ results: readonly { readonly status: string }[] }>('POST', '/v1/events', { body, idempotent: true });
    for (const [i, event] of events.entries()) {
      const status = answer.results[i]?.status;
      // A duplicate of a repeated request is one that its first attempt brought home.
      if (status === 'accepted' || (status === 'duplicate' && attempts > 1)) this.onAccepted(event);
      else this.refusedEvents++;
    }
  }
}

export function memberId(index: number): string {
  return `sim-member-${index}`;
}
