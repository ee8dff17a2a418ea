import type { AdGroupRecord } from '../ad-group-record.js';
import type { MatchRequest } from '../match-request.js';

/**
 * Advertisers, each with the categories of one of its campaigns, under numbers from 0: what a request may rule out is asked
 * once for each, and not for each of its ad groups, of which one may have a hundred thousand. To look into those would cost
 * more than all else that a long scan does.
 */
export class Sellers {
  private readonly numbers = new Map<string, number>();
  private readonly categoriesOf: (readonly string[])[] = [];
  private readonly advertiserIdOf: string[] = [];
  /** By number: turn × 2 + 1 where the request takes it, turn × 2 where not. */
  private verdicts = new Int32Array(64);
  private turn = 0;
  private request: MatchRequest | null = null;

  get bytes(): number {
    return this.verdicts.byteLength;
  }

  numberOf({ advertiserId, categories }: AdGroupRecord): number {
    const key = categories.length === 0 ? advertiserId : JSON.stringify([advertiserId, ...categories]);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.numbers.size;
    this.numbers.set(key, number);
    this.advertiserIdOf.push(advertiserId);
    this.categoriesOf.push(categories);
    if (number >= this.verdicts.length) {
      const verdicts = new Int32Array(this.verdicts.length * 2);
      verdicts.set(this.verdicts);
      this.verdicts = verdicts;
    }
    return number;
  }

  advertiserId(number: number): string {
    return this.advertiserIdOf[number]!;
  }

  /** `turn`: a number not used before. */
  begin(turn: number, request: MatchRequest): void {
    this.turn = turn;
    this.request = request;
  }

  /** Forgets all verdicts, so that turns may be counted anew. */
  forgetVerdicts(): void {
    this.verdicts.fill(0);
  }

  /** Neither the member nor the request of this turn rules it out. */
  isWelcome(number: number): boolean {
    const verdict = this.verdicts[number]!;
    if (verdict >>> 1 === this.turn) return (verdict & 1) === 1;
    const isWelcome = this.ask(number, this.request!);
    this.verdicts[number] = this.turn * 2 + (isWelcome ? 1 : 0);
    return isWelcome;
  }

  private ask(number: number, { mutedAdvertisers, blockedAdvertisers, blockedCategories }: MatchRequest): boolean {
    const advertiserId = this.advertiserIdOf[number]!;
    return (
      !mutedAdvertisers.has(advertiserId) &&
      !blockedAdvertisers.has(advertiserId) &&
      !this.categoriesOf[number]!.some((category) => blockedCategories.has(category))
    );
  }
}
