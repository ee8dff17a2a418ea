import { Inject, Injectable } from '@nestjs/common';
import { secondPriceMicros } from '../../core/auction/price.js';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import type { Held } from '../../delivery/delivery.api.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import { DecisionTokens } from '../../tracking/tracking.api.js';
import { LiveIndex } from '../upkeep/live-index.js';
import type { Ticket } from './hold-candidates.js';

/** One placed message, as the chat backend shows it. */
export interface MatchMessage {
  readonly position: number;
  readonly label: string;
  readonly advertiserId: string;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly creativeId: string;
  readonly senderName: string;
  readonly title: string;
  readonly body: string;
  readonly imageUrl: string | null;
  readonly callToAction: string;
  readonly clickUrl: string;
  readonly impressionUrl: string;
  readonly token: string;
  readonly expiresAt: string;
}

export interface PlacedIn {
  readonly memberId: string;
  readonly placement: string;
  readonly positions: readonly number[];
  /** Base micros per 1,000 impressions. */
  readonly floorMicros: number;
  /** Language that the label is written in. */
  readonly language: string | null;
}

/** Tells the member that somebody paid for the message: every sponsored message carries it. */
const LABELS = { ko: '광고', en: 'Sponsored' } as const;

/** Turns held tickets into messages: prices by rank, signed tokens, links. The same holds give the same messages. */
@Injectable()
export class DecisionWriter {
  constructor(
    private readonly tokens: DecisionTokens,
    private readonly index: LiveIndex,
    @Inject(RUNTIME_CONFIG) private readonly config: RuntimeConfig,
  ) {}

  /** A message whose campaign was stopped since it was held is left out. */
  write(held: Held, placedIn: PlacedIn): readonly MatchMessage[] {
    const tickets = held.tickets.map((ticket) => JSON.parse(ticket) as Ticket);
    const messages: MatchMessage[] = [];
    for (const [i, position] of placedIn.positions.slice(0, held.held).entries()) {
      const ticket = tickets[i];
      const record = ticket === undefined ? undefined : this.index.get(ticket.adGroupId)?.record;
      if (ticket === undefined || record === undefined) continue;
      const nextScore = tickets[i + 1]?.score ?? null;
      const message = this.message(
        held,
        `${held.decisionId}.${i + 1}`,
        { ticket, nextScore, position, record },
        placedIn,
      );
      if (message !== null) messages.push(message);
    }
    return messages;
  }

  private message(
    held: Held,
    messageId: string,
    won: { ticket: Ticket; nextScore: number | null; position: number; record: AdGroupRecord },
    placedIn: PlacedIn,
  ): MatchMessage | null {
    const { ticket, nextScore, position, record } = won;
    const creative = record.creatives.find(({ id }) => id === ticket.creativeId);
    if (creative === undefined) return null;
    const ids = {
      advertiserId: record.advertiserId,
      campaignId: record.campaignId,
      adGroupId: record.id,
      creativeId: creative.id,
    };
    const token = this.tokens.sign({
      ...ids,
      messageId,
      memberId: placedIn.memberId,
      placement: placedIn.placement,
      position,
      chargedFor: ticket.contender.bid.model === 'cpm' ? 'impression' : 'click',
      priceMicros: secondPriceMicros(ticket.contender, nextScore, placedIn.floorMicros),
      decidedAt: held.decidedAt,
      expiresAt: held.expiresAt,
    });
    return {
      position,
      label: placedIn.language?.startsWith('ko') === false ? LABELS.en : LABELS.ko,
      ...ids,
      senderName: creative.senderName,
      title: creative.title,
      body: creative.body,
      imageUrl: creative.imageUrl,
      callToAction: creative.callToAction,
      clickUrl: `${this.config.publicUrl}/t/c/${token}`,
      impressionUrl: `${this.config.publicUrl}/t/i/${token}`,
      token,
      expiresAt: new Date(held.expiresAt).toISOString(),
    };
  }
}
