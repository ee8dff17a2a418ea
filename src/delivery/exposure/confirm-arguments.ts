import type { ExposureKeys } from './exposure-keys.js';
import { LONGEST_REBUILD_MS } from './exposure-rebuilds.js';

/** One impression as the script counts it. */
export interface CountedMessage {
  /** See `messageKey`. */
  readonly message: number;
  /** Epoch ms. */
  readonly at: number;
  readonly keys: ExposureKeys;
}

/** {member's place among the keys: 2 bytes, message key: 6, at: 6, five keys of 4}: see confirm.lua. */
const RECORD_BYTES = 34;

/** What the command takes for impressions of some members, who are told by the keys of their states. */
export function confirmArguments(
  epochId: string,
  members: readonly (readonly [string, readonly CountedMessage[]])[],
): [number, ...(string | number | Buffer)[]] {
  const count = members.reduce((sum, [, messages]) => sum + messages.length, 0);
  const packed = Buffer.allocUnsafe(count * RECORD_BYTES);
  let offset = 0;
  members.forEach(([, messages], i) => {
    for (const { message, at, keys } of messages) {
      offset = packed.writeUInt16BE(i + 1, offset);
      offset = packed.writeUIntBE(message, offset, 6);
      offset = packed.writeUIntBE(at, offset, 6);
      for (const key of keys) offset = packed.writeUInt32BE(key, offset);
    }
  });
  return [members.length, ...members.map(([state]) => state), epochId, LONGEST_REBUILD_MS, packed];
}
