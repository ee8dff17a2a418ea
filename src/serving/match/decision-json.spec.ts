import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { adGroup } from '../../../test/properties/arbitraries/candidates.js';
import { writeDecision, writeResults } from './decision-json.js';
import { MATCH_ANSWER, MESSAGE } from './match-answer.js';
import { MessageJson } from './message-json.js';

const anyCharacter = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom('광', '\u2028', '\u2029', '"', '\\', '\0', '\x1f', '\x7f', '\ud800'),
);
const text = fc.string({ unit: anyCharacter, maxLength: 40 });
const creativeTexts = fc.record({
  senderName: text,
  title: text,
  body: text,
  callToAction: text,
  imageUrl: fc.option(text),
});
const requestId = fc.stringMatching(/^[\x21-\x7e]{1,20}$/);
const TIME = '2026-11-26T17:53:56.514Z';

describe('the JSON of a decision', () => {
  it('is what JSON.stringify would make of it, whatever advertisers write, in the documented order', () => {
    fc.assert(
      fc.property(creativeTexts, text, requestId, fc.boolean(), (texts, host, id, isKorean) => {
        const record = adGroup({});
        const creative = { ...record.creatives[0]!, ...texts };
        const json = new MessageJson(`https://${host}`);
        const written = [1, 8].map((position) =>
          json.write(
            record,
            creative,
            { position, token: `k1.t~${position}`, expiresAt: TIME },
            isKorean ? null : 'en',
          ),
        );
        const messages = [1, 8].map((position) => ({
          position,
          label: isKorean ? '광고' : 'Sponsored',
          advertiserId: record.advertiserId,
          campaignId: record.campaignId,
          adGroupId: record.id,
          creativeId: creative.id,
          senderName: texts.senderName,
          title: texts.title,
          body: texts.body,
          imageUrl: texts.imageUrl,
          callToAction: texts.callToAction,
          clickUrl: `https://${host}/t/c/k1.t~${position}`,
          impressionUrl: `https://${host}/t/i/k1.t~${position}`,
          token: `k1.t~${position}`,
          expiresAt: TIME,
        }));
        const decision = { requestId: id, messages: written, refreshAfterSeconds: 300 };
        const expected = JSON.stringify({ ...decision, messages });
        expect(writeDecision(decision).toString('utf8')).toBe(expected);
        expect(Object.keys(messages[0]!)).toEqual(Object.keys(MESSAGE.properties));
      }),
    );
  });

  it('tells why there are no messages', () => {
    const decision = {
      requestId: 'r"1',
      messages: [],
      noFill: { reason: 'no_candidates' },
      refreshAfterSeconds: 300,
    } as const;
    expect(writeDecision(decision).toString()).toBe(JSON.stringify(decision));
    expect(Object.keys(decision)).toEqual(Object.keys(MATCH_ANSWER.properties));
  });

  it('stands in a list for each request of a batch', () => {
    expect(writeResults(['{"a":1}', '{"b":"광고"}', '{}'].map((json) => Buffer.from(json))).toString()).toBe(
      '{"results":[{"a":1},{"b":"광고"},{}]}',
    );
  });
});
