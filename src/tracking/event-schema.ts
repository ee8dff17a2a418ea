import { MAX_TOKEN_LENGTH } from './decision-token.js';
import { EVENT_TYPES } from './verified-event.js';

export const MAX_EVENTS_A_REQUEST = 1_000;

/** `POST /v1/events`, compiled once by Fastify: on this path a schema costs a fraction of validation by classes. */
export const EVENTS_BODY = {
  type: 'object',
  additionalProperties: false,
  required: ['events'],
  properties: {
    events: {
      type: 'array',
      description: 'What happened with placed messages, in any order',
      maxItems: MAX_EVENTS_A_REQUEST,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['type', 'token'],
        properties: {
          type: { type: 'string', enum: [...EVENT_TYPES], description: 'What happened', example: 'impression' },
          token: {
            type: 'string',
            maxLength: MAX_TOKEN_LENGTH,
            description: "The placed message's token",
            example: 'k1.01KANQ8Y3V5T6W7X8Y9Z0A1B2C.1~…',
          },
          at: {
            type: 'string',
            maxLength: 40,
            description:
              'When it happened, ISO 8601 with a zone; of an impression, when the message came into view. The time of the ' +
              'request if absent',
            example: '2026-11-22T09:00:00Z',
          },
          id: {
            type: 'string',
            minLength: 1,
            maxLength: 100,
            pattern: '^[\\x21-\\x7e]+$',
            description: 'Tells several conversions of one message apart; other types happen once a message',
            example: 'order-1042',
          },
        },
      },
    },
  },
};

export const EVENTS_ANSWER = {
  type: 'object',
  required: ['results'],
  properties: {
    results: {
      type: 'array',
      description: 'One verdict an event, in order',
      items: {
        type: 'object',
        required: ['status'],
        properties: {
          status: {
            type: 'string',
            enum: ['accepted', 'duplicate', 'rejected'],
            description:
              'accepted: durable and settled once, which may still find a click invalid; duplicate: it was accepted before',
            example: 'accepted',
          },
          code: {
            type: 'string',
            enum: ['invalid_token', 'expired', 'invalid_time'],
            description: 'Why it was rejected',
            example: 'expired',
          },
        },
      },
    },
  },
};
