import type { CapKeys } from '../../core/capping/cap-scope.js';
import { CAP_SCOPES, type CapKey, type CapScope } from '../../core/capping/cap-scope.js';
import type { CountedImpression, Exposure, OpenHold } from '../../core/capping/exposure.js';
import type { ExposureRow } from './exposure-rebuild.js';

/** A member's exposure by keys, for explanations. */
export interface PeekedExposure extends Exposure {
  readonly impressions: readonly CountedImpression[];
  readonly holds: readonly (OpenHold & { readonly decidedAt: number })[];
  /** When the decisions expire that may be asked for again, epoch ms. */
  readonly decisionsExpireAt: readonly number[];
  /** Nothing is held for a member beyond so many open holds, nor beside so many decisions that may be asked for again. */
  readonly most: { readonly holds: number; readonly decisions: number };
}

interface Peeked {
  readonly impressions: List<readonly [message: string, row: number, at: number]>;
  readonly holds: List<readonly [message: string, row: number, expiresAt: number, decidedAt: number]>;
  readonly rows: List<ExposureRow | false>;
  readonly givenUp: Readonly<Record<string, number>>;
  readonly completeFrom: number;
  readonly decisions: List<number>;
  readonly most: PeekedExposure['most'];
}

/** An empty Lua table is written as an object. */
type List<T> = readonly T[] | Readonly<Record<string, never>>;

/** Places of each scope in what was given up; see state.lua. */
const PLACES = 1_024;

/** Reads what peek.lua answers. */
export function parsePeeked(json: string): PeekedExposure {
  const peeked = JSON.parse(json) as Peeked;
  const rows = listOf(peeked.rows);
  const keys = rows.map((row) => (row === false ? null : keysOf(row)));
  const of = (row: number): CapKeys => keys[row - 1] as CapKeys;
  const impressions = listOf(peeked.impressions).map(([messageId, row, at]) => ({ messageId, of: of(row), at }));
  const unlisted = (scope: CapScope, key: CapKey): number => {
    const index = CAP_SCOPES.indexOf(scope);
    const total = rows.reduce((sum, row) => sum + (row !== false && row[index] === key ? row[5] : 0), 0);
    const listed = impressions.reduce((sum, impression) => sum + (impression.of[scope] === key ? 1 : 0), 0);
    return total - listed + (peeked.givenUp[(index + 1) * PLACES + (Number(key) % PLACES)] ?? 0);
  };
  return {
    impressions,
    holds: listOf(peeked.holds).map(([messageId, row, expiresAt, decidedAt]) => ({
      messageId,
      of: of(row),
      expiresAt,
      decidedAt,
    })),
    unlisted,
    completeFrom: peeked.completeFrom,
    decisionsExpireAt: listOf(peeked.decisions),
    most: peeked.most,
  };
}

function listOf<T>(list: List<T>): readonly T[] {
  return Array.isArray(list) ? (list as readonly T[]) : [];
}

function keysOf([creative, adGroup, campaign, advertiser, placement]: ExposureRow): CapKeys {
  return { creative, adGroup, campaign, advertiser, placement };
}
