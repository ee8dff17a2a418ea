import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DecisionTokens, MAX_TOKEN_LENGTH, type Placed } from './decision-token.js';

const OLD = { keyId: 'k1', secret: 'the-secret-of-last-year' };
const NEW = { keyId: 'k2', secret: 'the-secret-of-this-year' };

const text = fc.string({ unit: 'binary', maxLength: 24 });
const micros = fc.integer({ min: 0, max: 9e15 });
const instant = fc.integer({ min: 0, max: 8.64e15 });

const arbitraryPlaced: fc.Arbitrary<Placed> = fc.record({
  messageId: text,
  memberId: text,
  advertiserId: text,
  campaignId: text,
  adGroupId: text,
  creativeId: text,
  placement: text,
  position: fc.nat(100_000),
  chargedFor: fc.constantFrom('impression' as const, 'click' as const),
  priceMicros: micros,
  decidedAt: instant,
  expiresAt: instant,
  leaseHolder: fc.nat(),
});

const PLACED: Placed = {
  messageId: '01KANQ8Y3V5T6W7X8Y9Z0A1B2C.1',
  memberId: 'member-1',
  advertiserId: 'adv_01KANQ8Y3V5T6W7X8Y9Z0A1B2C',
  campaignId: 'cmp_01KANQ8Y3V5T6W7X8Y9Z0A1B2C',
  adGroupId: 'adg_01KANQ8Y3V5T6W7X8Y9Z0A1B2C',
  creativeId: 'cre_01KANQ8Y3V5T6W7X8Y9Z0A1B2C',
  placement: 'chat_list',
  position: 1,
  chargedFor: 'impression',
  priceMicros: 1_000,
  decidedAt: Date.parse('2026-11-22T03:00:00Z'),
  expiresAt: Date.parse('2026-11-22T03:10:00Z'),
  leaseHolder: 1,
};

const tokens = new DecisionTokens([NEW, OLD]);
const token = tokens.sign(PLACED);
const [keyId, payload, signature] = partsOf(token);

/** The payload may hold points, too. */
function partsOf(text: string): [string, string, string] {
  const [, first = '', middle = '', last = ''] = /^([^.]*)\.(.*)\.([^.]*)$/.exec(text) ?? [];
  return [first, middle, last];
}

/** Other texts that mean the same bytes to a lenient decoder. */
function respell(base64url: string): string[] {
  const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const bytes = Buffer.from(base64url, 'base64url');
  const others = [...ALPHABET].map((last) => base64url.slice(0, -1) + last);
  const spelled = [
    ...others,
    `${base64url}=`,
    `${base64url}==`,
    bytes.toString('base64'),
    ` ${base64url}`,
    `${base64url}\n`,
  ];
  return spelled.filter((other) => other !== base64url && Buffer.from(other, 'base64url').equals(bytes));
}

describe('DecisionTokens', () => {
  it('give back whatever fields they signed', () => {
    fc.assert(
      fc.property(arbitraryPlaced, (placed) => {
        const signed = tokens.sign(placed);
        fc.pre(signed.length <= MAX_TOKEN_LENGTH);
        expect(tokens.verify(signed)).toEqual(placed);
      }),
    );
  });

  it('go into a path of an address as they are', () => {
    fc.assert(
      fc.property(arbitraryPlaced, (placed) => {
        expect(tokens.sign(placed)).toMatch(/^k2\.[A-Za-z0-9_.~-]+\.[A-Za-z0-9_-]{22}$/);
      }),
    );
  });

  it('refuse a token of which any one character is another', () => {
    fc.assert(
      fc.property(
        fc.nat(token.length - 1),
        fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
        (at, other) => {
          fc.pre(token[at] !== other);
          expect(tokens.verify(token.slice(0, at) + other + token.slice(at + 1))).toBeNull();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('refuse every shorter and every longer token', () => {
    for (let end = 0; end < token.length; end++) expect(tokens.verify(token.slice(0, end))).toBeNull();
    for (const more of ['A', '=', '.', '.A', ' ', '\0']) {
      expect(tokens.verify(token + more)).toBeNull();
      expect(tokens.verify(more + token)).toBeNull();
    }
  });

  it('refuse other spellings of the same bytes in the signature', () => {
    expect(respell(signature).length).toBeGreaterThan(10);
    for (const other of respell(signature)) expect(tokens.verify(`${keyId}.${payload}.${other}`)).toBeNull();
  });

  it('refuse whatever was not signed at all', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.tuple(text, text, text).map((parts) => parts.join('.')),
        ),
        (forged) => {
          expect(tokens.verify(forged)).toBeNull();
        },
      ),
    );
    for (const forged of ['', '.', '..', 'k2..', `k2.${payload}.`, `k2..${signature}`, `${payload}.${signature}`]) {
      expect(tokens.verify(forged)).toBeNull();
    }
  });

  it('refuse what is signed in another form', () => {
    for (const other of [Buffer.from(JSON.stringify(PLACED)).toString('base64url'), '', 'a~b', `${payload}~1`]) {
      const signed = `${keyId}.${other}`;
      const hmac = createHmac('sha256', NEW.secret).update(signed).digest().subarray(0, 16);
      expect(tokens.verify(`${signed}.${hmac.toString('base64url')}`)).toBeNull();
    }
  });

  it('refuse a payload under the signature of another', () => {
    const [, dearer] = partsOf(tokens.sign({ ...PLACED, priceMicros: 0 }));
    expect(tokens.verify(`${keyId}.${dearer}.${signature}`)).toBeNull();
  });

  it('refuse the tokens of another secret, also under a key id of ours', () => {
    for (const stranger of [
      { ...NEW, secret: 'not-the-secret-of-this-year' },
      { ...OLD, keyId: 'k2' },
    ]) {
      expect(tokens.verify(new DecisionTokens([stranger]).sign(PLACED))).toBeNull();
    }
    expect(tokens.verify(new DecisionTokens([{ ...NEW, keyId: 'k3' }]).sign(PLACED))).toBeNull();
  });

  it('refuse a token that is moved to another key id', () => {
    expect(tokens.verify(`k1.${payload}.${signature}`)).toBeNull();
    const sameSecret = new DecisionTokens([NEW, { ...NEW, keyId: 'k1' }]);
    expect(sameSecret.verify(`k1.${payload}.${signature}`)).toBeNull();
  });

  it('sign by the first secret and verify by all, so that a secret can be changed', () => {
    const before = new DecisionTokens([OLD]).sign(PLACED);
    expect(before).toMatch(/^k1\./);
    expect(token).toMatch(/^k2\./);
    expect(tokens.verify(before)).toEqual(PLACED);
    expect(new DecisionTokens([NEW]).verify(before)).toBeNull();
  });

  it('are never longer than they look at', () => {
    const longest: Placed = {
      messageId: `${PLACED.messageId}9`,
      memberId: 'm'.repeat(128),
      advertiserId: PLACED.advertiserId,
      campaignId: PLACED.campaignId,
      adGroupId: PLACED.adGroupId,
      creativeId: PLACED.creativeId,
      placement: 'p'.repeat(64),
      position: 100_000,
      chargedFor: 'impression',
      priceMicros: 9e15,
      decidedAt: 8.64e15,
      expiresAt: 8.64e15,
      leaseHolder: 2 ** 31 - 1,
    };
    const longestKey = new DecisionTokens([{ ...NEW, keyId: 'k2345678' }]);
    expect(longestKey.verify(longestKey.sign(longest))).toEqual(longest);
  });

  it('look at nothing that is longer than any token of theirs', () => {
    const long = tokens.sign({ ...PLACED, memberId: 'm'.repeat(MAX_TOKEN_LENGTH) });
    expect(tokens.verify(long)).toBeNull();
  });

  it('need a secret', () => {
    expect(() => new DecisionTokens([])).toThrow('secret');
  });
});
