import { LANGUAGE_PATTERN } from '../../core/targeting/vocabulary.js';
import { type Device, readDevice } from './device.js';
import { type Place, readPlace } from './place.js';

/** One bid request of an auction log, as far as a match request can make use of it. */
export interface AuctionRequest {
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  /** Null: the exchange did not know who it was. */
  readonly user: string | null;
  /** What the page is about, in the exchange's numbers; weights in (0, 1]. */
  readonly verticals: readonly (readonly [id: number, weight: number])[];
  readonly place: Place;
  readonly language: string | null;
  readonly device: Device;
}

/** What the API takes as a `requestId`. */
const ID_FORM = /^[\x21-\x7e]{1,100}$/;
/** There were no auctions before, and milliseconds taken for seconds lie behind. */
const EARLIEST_SECOND = Date.UTC(2000, 0, 1) / 1000;
const LATEST_SECOND = Date.UTC(2200, 0, 1) / 1000;

type Wire = Readonly<Record<string, unknown>>;

/**
 * Reads one line; null where it is no bid request: no JSON object, or without a usable `id` or `timestamp` (seconds since
 * 1970). Whatever else is missing or odd is left out, as exchanges leave out what they do not know.
 */
export function readAuctionRequest(line: string): AuctionRequest | null {
  const wire = parseObject(line);
  if (wire === null) return null;
  const { id, timestamp, user, segments, location, exchange, language, userAgent } = wire;
  if (typeof id !== 'string' || !ID_FORM.test(id)) return null;
  if (typeof timestamp !== 'number' || !(timestamp >= EARLIEST_SECOND && timestamp < LATEST_SECOND)) return null;
  return {
    id,
    at: Math.floor(timestamp * 1000),
    user: typeof user === 'string' && user !== '' ? user : null,
    verticals: readVerticals(asObject(segments)['adxVerticals']),
    place: readPlace(asObject(location), exchange),
    language: readLanguage(language),
    device: readDevice(userAgent),
  };
}

/** Pairs of id and weight; a page with one vertical has its bare id, which then has all the weight. */
function readVerticals(input: unknown): [number, number][] {
  if (!Array.isArray(input)) return [];
  return input.flatMap((item: unknown): [number, number][] => {
    const [id, weight] = Array.isArray(item) ? (item as unknown[]) : [item, 1];
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) return [];
    if (typeof weight !== 'number' || !(weight > 0)) return [];
    return [[id, Math.min(weight, 1)]];
  });
}

function readLanguage(input: unknown): string | null {
  if (typeof input !== 'string') return null;
  const language = input.replaceAll('_', '-');
  return LANGUAGE_PATTERN.test(language) ? language : null;
}

function parseObject(line: string): Wire | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Wire) : null;
  } catch {
    return null;
  }
}

function asObject(value: unknown): Wire {
  return typeof value === 'object' && value !== null ? (value as Wire) : {};
}
