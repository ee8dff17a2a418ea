import { Inject, Injectable } from '@nestjs/common';
import { type Contender, secondPriceMicros } from '../../core/auction/price.js';
import type { AdGroupRecord, CreativeRecord } from '../../core/index/ad-group-record.js';
import { isScheduled } from '../../core/index/first-failure.js';
import type { CostlyMessage, Held } from '../../delivery/delivery.api.js';
import type { Utf8Text } from '../../platform/http/utf8-text.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import { DecisionTokens } from '../../tracking/tracking.api.js';
import { LiveIndex } from '../upkeep/live-index.js';
import { DecisionPromises } from './decision-promises.js';
import { readTicket, type Ticket } from './hold-candidates.js';
import { MessageJson } from './message-json.js';

/** Where a decision places its messages, and by which floor they are priced; kept with the holds, as the tickets are. */
export interface DecisionFrame {
  readonly placement: string;
  readonly positions: readonly number[];
  /** Base micros per 1,000 impressions. */
  readonly floorMicros: number;
  /** The process that promised what the messages cost. */
  readonly leaseHolder: number;
}

/** No part holds a space. */
export function writeFrame({ placement, positions, floorMicros, leaseHolder }: DecisionFrame): string {
  return `${placement} ${floorMicros} ${leaseHolder} ${positions.join(' ')}`;
}

function readFrame(text: string): DecisionFrame {
  const [placement = '', floorMicros, leaseHolder, ...positions] = text.split(' ');
  return {
    placement,
    floorMicros: Number(floorMicros),
    leaseHolder: Number(leaseHolder),
    positions: positions.map(Number),
  };
}

export interface Reader {
  readonly memberId: string;
  /** Language that the label is written in. */
  readonly language: string | null;
  /** Epoch ms. */
  readonly now: number;
}

export interface WrittenDecision {
  /** As JSON. */
  readonly messages: readonly Utf8Text[];
  /** Places, from 0, of held messages that nobody may get: they don't run any more, or could not be promised. */
  readonly withheld: readonly number[];
}

interface Running {
  readonly record: AdGroupRecord;
  readonly creative: CreativeRecord;
}

/** A message that may be given, with its price. */
interface Priced extends Running {
  /** In its decision, from 0. */
  readonly place: number;
  readonly position: number;
  readonly contender: Contender;
  readonly priceMicros: number;
}

/** Turns held tickets into messages: prices by rank, signed tokens, links. The same holds give the same messages. */
@Injectable()
export class DecisionWriter {
  private readonly json: MessageJson;

  constructor(
    private readonly tokens: DecisionTokens,
    private readonly index: LiveIndex,
    private readonly promises: DecisionPromises,
    @Inject(RUNTIME_CONFIG) config: RuntimeConfig,
  ) {
    this.json = new MessageJson(config.publicUrl);
  }

  /** The ad groups of those messages of a new decision that could not be given now: they don't run any more, or can't pay. */
  lacking(held: Held, now: number): readonly string[] {
    const messages = this.priced(held, readFrame(held.frame), now);
    const lacking = held.tickets.slice(0, held.held).filter((_ticket, place) => {
      const message = messages[place] ?? null;
      return message === null || !this.promises.canPromise(costOf(held, message));
    });
    return lacking.map((ticket) => readTicket(ticket).adGroupId);
  }

  /**
   * A message whose campaign does not run any more since it was held is left out, and so is one whose cost can't be
   * promised any more, where that is still to be done; then it is withheld for good.
   */
  write(held: Held, reader: Reader): WrittenDecision {
    const frame = readFrame(held.frame);
    const messages: Utf8Text[] = [];
    const withheld: number[] = [];
    const duty = this.promises.dutyOf(held, frame.leaseHolder);
    for (const [place, message] of this.priced(held, frame, reader.now).entries()) {
      const isPromised = message !== null && (duty === 'nothing' || this.promises.promise(costOf(held, message)));
      if (duty === 'all' && !isPromised) withheld.push(place);
      else if (message !== null) messages.push(this.toMessage(held, frame, reader, message));
    }
    if (duty === 'what it can') this.promises.notePromisedToo(held);
    return { messages, withheld };
  }

  /** What is held, in turn; null where it does not run any more. */
  private priced(held: Held, { positions, floorMicros }: DecisionFrame, now: number): readonly (Priced | null)[] {
    const tickets = held.tickets.map(readTicket);
    return positions.slice(0, held.held).map((position, place) => {
      const ticket = tickets[place];
      const running = ticket === undefined ? null : this.runningOf(ticket, now);
      if (ticket === undefined || running === null) return null;
      const { contender } = ticket;
      const priceMicros = secondPriceMicros(contender, tickets[place + 1]?.score ?? null, floorMicros);
      return { ...running, place, position, contender, priceMicros };
    });
  }

  private toMessage(
    { decisionId, decidedAt, expiresAt }: Held,
    { placement, leaseHolder }: DecisionFrame,
    { memberId, language }: Reader,
    { record, creative, place, position, contender, priceMicros }: Priced,
  ): Utf8Text {
    const token = this.tokens.sign({
      messageId: `${decisionId}.${place + 1}`,
      memberId,
      advertiserId: record.advertiserId,
      campaignId: record.campaignId,
      adGroupId: record.id,
      creativeId: creative.id,
      placement,
      position,
      chargedFor: contender.bid.model === 'cpm' ? 'impression' : 'click',
      priceMicros,
      decidedAt,
      expiresAt,
      leaseHolder,
    });
    const until = new Date(expiresAt).toISOString();
    return this.json.write(record, creative, { position, token, expiresAt: until }, language);
  }

  /** Null where it does not run any more. */
  private runningOf({ adGroupId, creativeId }: Ticket, now: number): Running | null {
    const record = this.index.get(adGroupId)?.record;
    const creative = record?.creatives.find(({ id }) => id === creativeId);
    return record === undefined || creative === undefined || !isScheduled(record, now) ? null : { record, creative };
  }
}

function costOf({ decidedAt, expiresAt }: Held, { record, contender: { ctr }, priceMicros }: Priced): CostlyMessage {
  return { record, priceMicros, ctr, decidedAt, expiresAt };
}
