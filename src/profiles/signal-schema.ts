import { SEGMENT_ID_RULE } from '../core/targeting/vocabulary.js';
import { USER_ID_PATTERN } from './profiles.api.js';

export const MAX_SIGNALS_A_REQUEST = 500;

/** Smaller strengths would vanish in the six decimals that weights are kept with. */
export const MIN_STRENGTH = 0.001;

/** Something that a member did which tells of an interest. */
export interface Signal {
  readonly userId: string;
  readonly segment: string;
  /** From MIN_STRENGTH to 1. */
  readonly strength: number;
  readonly at?: string;
}

export const SIGNAL_FAULTS = [
  'invalid_time',
  'unknown_segment',
  'unknown_member',
  'no_consent',
  'too_many_interests',
] as const;
export type SignalFault = (typeof SIGNAL_FAULTS)[number];

/** `POST /v1/signals`, compiled once by Fastify: signals come nearly as often as events. */
export const SIGNALS_BODY = {
  type: 'object',
  additionalProperties: false,
  required: ['signals'],
  properties: {
    signals: {
      type: 'array',
      description: 'What members did, in any order',
      maxItems: MAX_SIGNALS_A_REQUEST,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['userId', 'segment', 'strength'],
        properties: {
          userId: {
            type: 'string',
            pattern: USER_ID_PATTERN.source,
            description: 'Your own id of the member',
            example: 'u-1029384756',
          },
          segment: {
            type: 'string',
            pattern: SEGMENT_ID_RULE.pattern.source,
            description: 'Id of the segment that it tells of',
            example: 'auto.ev',
          },
          strength: {
            type: 'number',
            minimum: MIN_STRENGTH,
            maximum: 1,
            description: `How strongly it tells of the interest, from ${MIN_STRENGTH} to 1`,
            example: 0.5,
          },
          at: {
            type: 'string',
            maxLength: 40,
            description: 'When it was, ISO 8601 with a zone, within the last 7 days; the time of the request if absent',
            example: '2026-11-22T09:00:00Z',
          },
        },
      },
    },
  },
};

export const SIGNALS_ANSWER = {
  type: 'object',
  required: ['results'],
  properties: {
    results: {
      type: 'array',
      description: 'One verdict a signal, in order',
      items: {
        type: 'object',
        required: ['status'],
        properties: {
          status: {
            type: 'string',
            enum: ['accepted', 'rejected'],
            description: 'accepted: the weight was raised',
            example: 'accepted',
          },
          code: {
            type: 'string',
            enum: [...SIGNAL_FAULTS],
            description: 'Why it was rejected',
            example: 'unknown_member',
          },
        },
      },
    },
  },
};
