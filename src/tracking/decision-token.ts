import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { TokenSecret } from '../platform/config/config.js';

/**
 * The signed token of one placed message: all that its events need, so that intake asks nobody. Form:
 * `<key id>.<payload>.<signature>`; the signature is HMAC-SHA-256 over key id and payload, cut to 128 bits (RFC 2104,
 * section 5, allows half), in base64url. The payload is the fields in the order of `Placed`, a `~` between; every message
 * carries its token three times, so it is short, and fit for a path of an address as it is.
 */
export interface Placed {
  readonly messageId: string;
  readonly memberId: string;
  readonly advertiserId: string;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly creativeId: string;
  readonly placement: string;
  readonly position: number;
  /** The event that costs `priceMicros` of the advertiser's currency. */
  readonly chargedFor: 'impression' | 'click';
  readonly priceMicros: number;
  /** Epoch ms. */
  readonly decidedAt: number;
  /** Epoch ms; the first instant at which the hold, and so the token, is over. */
  readonly expiresAt: number;
  /** The process that promised its cost: see `budget_leases`. */
  readonly leaseHolder: number;
}

const SIGNATURE_BYTES = 16;

/** Longer than any token of ours: nothing longer is looked at. */
export const MAX_TOKEN_LENGTH = 1_024;

interface SigningKey {
  readonly keyId: string;
  readonly key: KeyObject;
}

export class DecisionTokens {
  private readonly signing: SigningKey;
  private readonly keys: readonly SigningKey[];

  /** The first secret signs, all of them verify, so that secrets can be changed while tokens are under way. */
  constructor(secrets: readonly TokenSecret[]) {
    this.keys = secrets.map(({ keyId, secret }) => ({ keyId, key: createSecretKey(secret, 'utf8') }));
    const [first] = this.keys;
    if (first === undefined) throw new Error('At least one token secret is needed');
    this.signing = first;
  }

  sign(placed: Placed): string {
    const signed = `${this.signing.keyId}.${writeFields(placed)}`;
    return `${signed}.${signatureOf(signed, this.signing.key).toString('base64url')}`;
  }

  /** Null for whatever this service did not sign, or not in this form. Takes the same time wherever a signature differs. */
  verify(token: string): Placed | null {
    if (token.length > MAX_TOKEN_LENGTH) return null;
    const payloadAt = token.indexOf('.') + 1;
    const signatureAt = token.lastIndexOf('.') + 1;
    if (signatureAt <= payloadAt) return null;
    const keyId = token.slice(0, payloadAt - 1);
    const key = this.keys.find((candidate) => candidate.keyId === keyId)?.key;
    const signature = token.slice(signatureAt);
    const presented = Buffer.from(signature, 'base64url');
    if (key === undefined || presented.length !== SIGNATURE_BYTES) return null;
    // base64url has several spellings of the same bytes; only ours is a token.
    if (presented.toString('base64url') !== signature) return null;
    if (!timingSafeEqual(presented, signatureOf(token.slice(0, signatureAt - 1), key))) return null;
    return readFields(token.slice(payloadAt, signatureAt - 1));
  }
}

function signatureOf(text: string, key: KeyObject): Buffer {
  return createHmac('sha256', key).update(text).digest().subarray(0, SIGNATURE_BYTES);
}

function writeFields(placed: Placed): string {
  return [
    writeText(placed.messageId),
    // Not to be read by chance wherever addresses are shown or kept.
    writeOpaque(placed.memberId),
    writeText(placed.advertiserId),
    writeText(placed.campaignId),
    writeText(placed.adGroupId),
    writeText(placed.creativeId),
    writeText(placed.placement),
    placed.position,
    placed.chargedFor,
    placed.priceMicros,
    placed.decidedAt,
    placed.expiresAt,
    placed.leaseHolder,
  ].join('~');
}

const FIELDS = 13;

/** Null for a payload of another form: what another release of this service signed. */
function readFields(payload: string): Placed | null {
  const fields = payload.split('~');
  if (fields.length !== FIELDS) return null;
  const text = (place: number): string => readText(fields[place] ?? '');
  const number = (place: number): number => Number(fields[place]);
  return {
    messageId: text(0),
    memberId: text(1),
    advertiserId: text(2),
    campaignId: text(3),
    adGroupId: text(4),
    creativeId: text(5),
    placement: text(6),
    position: number(7),
    chargedFor: fields[8] as Placed['chargedFor'],
    priceMicros: number(9),
    decidedAt: number(10),
    expiresAt: number(11),
    leaseHolder: number(12),
  };
}

/** What can stand in an address as it is, and is no text in base64url, which a `-` marks. */
const PLAIN = /^\w[\w.-]*$/;

function writeText(text: string): string {
  return PLAIN.test(text) ? text : writeOpaque(text);
}

function writeOpaque(text: string): string {
  return `-${Buffer.from(text).toString('base64url')}`;
}

function readText(text: string): string {
  return text.startsWith('-') ? Buffer.from(text.slice(1), 'base64url').toString('utf8') : text;
}
