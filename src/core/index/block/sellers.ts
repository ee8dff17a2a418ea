import type { AdGroupRecord } from '../ad-group-record.js';
import type { MatchRequest } from '../match-request.js';

/**
 * What a request may rule out, advertisers and categories, under numbers from 0; and of each advertiser, with the categories
 * of one of its campaigns, the list of its numbers, one list after the other. So a long scan need not look into the ad groups,
 * which lie anywhere in memory: that would cost more than all else that it does.
 */
export class Sellers {
  private readonly advertisers = new Map<string, number>();
  private readonly categories = new Map<string, number>();
  /** By number; a category where it is one. */
  private readonly names: string[] = [];
  /** `turn` at each number that the request of this turn rules out. */
  private marks = new Int32Array(64);
  /** Lists: their length, the advertiser's number, those of categories. */
  private lists = new Int32Array(256);
  private used = 0;
  private readonly places = new Map<string, number>();
  private turn = 0;

  get bytes(): number {
    return this.marks.byteLength + this.lists.byteLength;
  }

  /** Where the list is. */
  add({ advertiserId, categories }: AdGroupRecord): number {
    const key = categories.length === 0 ? advertiserId : JSON.stringify([advertiserId, ...categories]);
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const numbers = [
      this.numberOf(advertiserId, this.advertisers),
      ...categories.map((category) => this.numberOf(category, this.categories)),
    ];
    while (this.used + numbers.length + 1 > this.lists.length) this.lists = doubled(this.lists);
    const at = this.used;
    this.lists[at] = numbers.length;
    this.lists.set(numbers, at + 1);
    this.used += numbers.length + 1;
    this.places.set(key, at);
    return at;
  }

  advertiserId(at: number): string {
    return this.names[this.lists[at + 1]!]!;
  }

  /** `turn`: a number not used before. O(what the request rules out). */
  begin(turn: number, { mutedAdvertisers, blockedAdvertisers, blockedCategories }: MatchRequest): void {
    this.turn = turn;
    this.mark(mutedAdvertisers, this.advertisers);
    this.mark(blockedAdvertisers, this.advertisers);
    this.mark(blockedCategories, this.categories);
  }

  /** Forgets all marks, so that turns may be counted anew. */
  forgetMarks(): void {
    this.marks.fill(0);
  }

  /** Neither the member nor the request of this turn rules it out. */
  isWelcome(at: number): boolean {
    const { lists, marks, turn } = this;
    const end = at + lists[at]!;
    for (let i = at + 1; i <= end; i++) if (marks[lists[i]!] === turn) return false;
    return true;
  }

  private mark(names: ReadonlySet<string>, among: ReadonlyMap<string, number>): void {
    for (const name of names) {
      const number = among.get(name);
      if (number !== undefined) this.marks[number] = this.turn;
    }
  }

  private numberOf(name: string, among: Map<string, number>): number {
    const known = among.get(name);
    if (known !== undefined) return known;
    const number = this.names.push(name) - 1;
    among.set(name, number);
    if (number >= this.marks.length) this.marks = doubled(this.marks);
    return number;
  }
}

function doubled(words: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(words.length * 2);
  longer.set(words);
  return longer;
}
