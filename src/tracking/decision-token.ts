import { createHmac, timingSafeEqual } from 'node:crypto';
import type { TokenSecret } from '../platform/config/config.js';

/**
 * The signed token of one placed message: all that its events need, so that intake asks nobody. Form:
 * `<key id>.<payload>.<signature>`, payload and signature in base64url; the signature is HMAC-SHA-256 over key id and
 * payload, cut to 128 bits (RFC 2104, section 5, allows half). The payload is a JSON list in the order of `Placed`.
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

export class DecisionTokens {
  private readonly signing: TokenSecret;

  /** The first secret signs, all of them verify, so that secrets can be changed while tokens are under way. */
  constructor(private readonly secrets: readonly TokenSecret[]) {
    const [first] = secrets;
    if (first === undefined) throw new Error('At least one token secret is needed');
    this.signing = first;
  }

  sign(placed: Placed): string {
    const payload = Buffer.from(JSON.stringify(toFields(placed))).toString('base64url');
    const signed = `${this.signing.keyId}.${payload}`;
    return `${signed}.${signatureOf(signed, this.signing.secret).toString('base64url')}`;
  }

  /** Null for whatever this service did not sign. Takes the same time wherever a signature differs. */
  verify(token: string): Placed | null {
    if (token.length > MAX_TOKEN_LENGTH) return null;
    const [keyId, payload, signature, ...rest] = token.split('.');
    if (keyId === undefined || payload === undefined || signature === undefined || rest.length > 0) return null;
    const key = this.secrets.find((secret) => secret.keyId === keyId);
    const presented = Buffer.from(signature, 'base64url');
    if (key === undefined || presented.length !== SIGNATURE_BYTES) return null;
    // base64url has several spellings of the same bytes; only ours is a token.
    if (presented.toString('base64url') !== signature) return null;
    if (!timingSafeEqual(presented, signatureOf(`${keyId}.${payload}`, key.secret))) return null;
    return fromFields(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as ReturnType<typeof toFields>);
  }
}

function signatureOf(text: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(text).digest().subarray(0, SIGNATURE_BYTES);
}

function toFields(placed: Placed) {
  return [
    placed.messageId,
    placed.memberId,
    placed.advertiserId,
    placed.campaignId,
    placed.adGroupId,
    placed.creativeId,
    placed.placement,
    placed.position,
    placed.chargedFor,
    placed.priceMicros,
    placed.decidedAt,
    placed.expiresAt,
    placed.leaseHolder,
  ] as const;
}

function fromFields(fields: ReturnType<typeof toFields>): Placed {
  const [messageId, memberId, advertiserId, campaignId, adGroupId, creativeId, placement, position, ...rest] = fields;
  const [chargedFor, priceMicros, decidedAt, expiresAt, leaseHolder] = rest;
  return {
    messageId,
    memberId,
    advertiserId,
    campaignId,
    adGroupId,
    creativeId,
    placement,
    position,
    chargedFor,
    priceMicros,
    decidedAt,
    expiresAt,
    leaseHolder,
  };
}
