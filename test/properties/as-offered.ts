import type { CandidateIndex } from '../../src/core/index/candidate-index.js';
import type { MoneySnapshot } from '../../src/core/index/match-request.js';
import type { LiveIndex } from '../../src/serving/upkeep/live-index.js';

/** An index with its money as the process has it, as offers ask it. */
export function asOffered(
  index: Pick<CandidateIndex, 'top'> & { readonly cost?: number },
  money: MoneySnapshot,
): Pick<LiveIndex, 'top' | 'cost'> {
  return {
    top: (request, limit, without) => index.top(request, money, limit, without),
    get cost() {
      return index.cost ?? 0;
    },
  };
}
