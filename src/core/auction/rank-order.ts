import type { Scored } from '../index/candidate.js';
import { tieBreak } from './tie-break.js';

/** Compares two scored candidates: negative when the first ranks higher; never 0 for two ad groups. */
export function rankOrder(seed: number): (a: Scored, b: Scored) => number {
  return (a, b) =>
    b.score - a.score ||
    tieBreak(seed, a.candidate.idHash) - tieBreak(seed, b.candidate.idHash) ||
    (a.candidate.record.id < b.candidate.record.id ? -1 : 1);
}
