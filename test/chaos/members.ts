import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../../src/commands/seeded-random.js';
import type { EventType } from '../../src/tracking/verified-event.js';
import { CAPPED_PLACEMENT } from './catalogue.js';
import type { ChatClient } from './chat-client.js';
import type { ClientRecord, RecordedEvent, RecordedMessage } from './record.js';

export interface Crowd {
  readonly members: number;
  /** Who asks side by side; the same member may, from several devices. */
  readonly devices: number;
  readonly matchesASecond: number;
}

/** Shares of what members do. */
const ASKS_IN_CAPPED_PLACEMENT = 0.3;
const ASKS_TWICE = 0.2;
const NEVER_SEEN = 0.1;
const CLICKED_UNSEEN = 0.1;
const SEEN_TOO_LATE = 0.05;
const SEEN_LATE = 0.1;
const CLICKED = 0.25;
const CLICK_COMES_FIRST = 0.2;
const HIDDEN = 0.03;
const BOUGHT = 0.05;
const SENT_AGAIN = 0.1;
const GIVEN_UP = 0.05;
/** Of impressions and clicks. */
const GOES_BY_LINK = 0.1;
/** Of what does not go by a link. */
const STATES_TIME = 0.5;

/** From seeing a message to a click on it: nobody is quicker than a tenth of a second, and most take longer. */
const SHORTEST_REACTION_MS = 150;
const LONGEST_REACTION_MS = 600;

/** Members who open their chat lists, see what is placed there, and click on some of it; few of them do most of it. */
export class Members {
  private readonly under = new Set<Promise<void>>();

  constructor(
    private readonly client: ChatClient,
    private readonly record: ClientRecord,
    private readonly random: SeededRandom,
  ) {}

  /** Resolves once nothing is asked any more and all events have been answered, or given up. */
  async live(crowd: Crowd, untilMs: number): Promise<void> {
    await Promise.all(Array.from({ length: crowd.devices }, () => this.useDevice(crowd, untilMs)));
    await Promise.all(this.under);
  }

  private async useDevice({ members, devices, matchesASecond }: Crowd, untilMs: number): Promise<void> {
    const meanPauseMs = (1000 * devices) / matchesASecond;
    while (Date.now() < untilMs) {
      await pause(meanPauseMs * 2 * this.random.next());
      await this.openChatList(`member-${this.random.zipf(members)}`);
    }
  }

  private async openChatList(memberId: string): Promise<void> {
    const { random } = this;
    const placement = random.chance(ASKS_IN_CAPPED_PLACEMENT) ? CAPPED_PLACEMENT : 'chat_list';
    const wish = { requestId: randomUUID(), placement, maxMessages: random.whole(1, 3) };
    const first = await this.client.match(memberId, wish);
    const again = random.chance(ASKS_TWICE) ? await this.client.match(memberId, wish) : first;
    // Of a first answer that was lost or came too late, members see what the repeat gave.
    const { messages } = first.messages.length > 0 ? first : again;
    for (const message of messages) {
      const life = this.liveWith(message).finally(() => this.under.delete(life));
      this.under.add(life);
    }
  }

  /** Everything that happens with one message. */
  private async liveWith(message: RecordedMessage): Promise<void> {
    const { random } = this;
    const holdMs = message.placed.expiresAt - message.placed.decidedAt;
    if (random.chance(NEVER_SEEN)) {
      if (random.chance(CLICKED_UNSEEN)) await this.send([this.happens('click', message)]);
      return;
    }
    if (random.chance(SEEN_TOO_LATE)) await pause(holdMs + random.whole(200, 1_500));
    else if (random.chance(SEEN_LATE)) await pause(holdMs * 0.8);
    else await pause(random.whole(0, 1_500));
    const seen = this.happens('impression', message);
    if (random.chance(0.5)) await this.send([seen, ...(await this.reactTo(message))]);
    else if (random.chance(CLICK_COMES_FIRST)) await this.inTurn([await this.reactTo(message), [seen]]);
    else {
      const [after] = await Promise.all([this.reactTo(message), this.inTurn([[seen]])]);
      await this.inTurn([after]);
    }
  }

  private async reactTo(message: RecordedMessage): Promise<readonly RecordedEvent[]> {
    const { random } = this;
    const after: RecordedEvent[] = [];
    if (random.chance(CLICKED)) {
      await pause(random.whole(SHORTEST_REACTION_MS, LONGEST_REACTION_MS));
      after.push(this.happens('click', message));
    }
    if (random.chance(HIDDEN)) after.push(this.happens('hide', message));
    if (random.chance(BOUGHT)) after.push(this.happens('conversion', message, `order-${random.whole(1, 1_000_000)}`));
    return after;
  }

  private async inTurn(groups: readonly (readonly RecordedEvent[])[]): Promise<void> {
    for (const events of groups) {
      if (events.length > 0) await this.send(events);
      await pause(this.random.whole(0, 800));
    }
  }

  private happens(type: EventType, { token, placed }: RecordedMessage, eventId = ''): RecordedEvent {
    const isByLink = (type === 'impression' || type === 'click') && this.random.chance(GOES_BY_LINK);
    const statedAt = !isByLink && this.random.chance(STATES_TIME) ? Date.now() : null;
    const event: RecordedEvent = { placed, token, type, eventId, statedAt, isByLink, tries: [] };
    this.record.events.push(event);
    return event;
  }

  private async send(events: readonly RecordedEvent[]): Promise<void> {
    const reported = events.filter(({ isByLink }) => !isByLink);
    const mostTries = this.random.chance(GIVEN_UP) ? 1 : Infinity;
    await Promise.all([
      ...events.filter(({ isByLink }) => isByLink).map((event) => this.client.followLink(event)),
      reported.length === 0 ? null : this.client.report(reported, mostTries),
    ]);
    // What went by a link, too: the verdict of this report tells whether the link's was taken.
    if (this.random.chance(SENT_AGAIN)) await this.client.report(events);
  }
}
