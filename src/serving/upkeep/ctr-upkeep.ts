import { Injectable } from '@nestjs/common';
import { CtrBook } from '../../delivery/delivery.api.js';
import { inSlices } from '../../platform/in-slices.js';
import { LiveIndex } from './live-index.js';

/** Ranks ad groups by their predicted CTR as it changes. */
@Injectable()
export class CtrUpkeep {
  constructor(book: CtrBook, index: LiveIndex) {
    book.onChange((adGroupIds) => inSlices(putAgain(adGroupIds, index)));
  }
}

function* putAgain(adGroupIds: readonly string[], index: LiveIndex): Generator<undefined, void> {
  for (const adGroupId of adGroupIds) {
    index.putAgain(adGroupId);
    yield;
  }
}
