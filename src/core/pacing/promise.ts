import type { Bid } from '../index/ad-group-record.js';

/**
 * How much of a click's price is promised when its message is shown: the expected cost, and half as much again, since
 * clicks come in runs. Beside it, a process keeps a whole price free for each ad group.
 */
const CLICK_MARGIN = 1.5;

/**
 * What a message that is shown may come to cost, in whole micros, at most `priceMicros`: an impression's price in full; of a
 * click's, the share by which clicks are expected (`ctr`), with a margin.
 */
export function promisedMicros(model: Bid['model'], priceMicros: number, ctr: number): number {
  return model === 'cpm' ? priceMicros : Math.min(priceMicros, Math.ceil(priceMicros * ctr * CLICK_MARGIN));
}
