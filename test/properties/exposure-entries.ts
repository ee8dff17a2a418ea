import { CAP_SCOPES, type CapKeys } from '../../src/core/capping/cap-scope.js';
import type { CountedImpression } from '../../src/core/capping/exposure.js';
import { capKey } from '../../src/core/capping/record-caps.js';
import type { CountedMessage } from '../../src/delivery/exposure/confirm-arguments.js';
import { messageKey } from '../../src/delivery/exposure/exposure-keys.js';
import type { ExposureRow, RebuiltExposure } from '../../src/delivery/exposure/exposure-rebuild.js';

/** What Postgres would answer. */
export function rebuiltOf(counted: readonly CountedImpression[], from: number): RebuiltExposure {
  const rows: [number, number, number, number, number, number][] = [];
  const impressions = counted.map(({ messageId, of, at }): [number, number, number] => {
    const keys = keysOf(of);
    let row = rows.findIndex((one) => keys.every((key, i) => one[i] === key));
    if (row < 0) row = rows.push([...keys, 0]) - 1;
    (rows[row] as ExposureRow[number][])[5] = (rows[row]?.[5] ?? 0) + 1;
    return [messageKey(messageId), row + 1, at];
  });
  const listed = impressions.filter(([, , at]) => at >= from).sort((a, b) => a[2] - b[2]);
  return { from, bound: false, rows, impressions: listed };
}

/** As an impression is confirmed. */
export function toMessage({ messageId, of, at }: CountedImpression): CountedMessage {
  return { message: messageKey(messageId), at, keys: keysOf(of) };
}

function keysOf(of: CapKeys): [number, number, number, number, number] {
  const [creative, adGroup, campaign, advertiser, placement] = CAP_SCOPES.map((scope) => capKey(String(of[scope])));
  return [creative ?? 0, adGroup ?? 0, campaign ?? 0, advertiser ?? 0, placement ?? 0];
}
