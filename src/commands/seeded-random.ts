/**
 * Random choices that a seed repeats: the same seed and the same calls give the same values, on every machine. Not for
 * secrets.
 */
export class SeededRandom {
  private state: number;

  /** Any text; two seeds that differ in one character give unrelated values. */
  constructor(seed: string) {
    this.state = hashOf(seed);
  }

  /** In [0, 1). The generator is mulberry32 (Tommy Ettinger, 2017). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number, both ends included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** A multiple of `step`, both ends included. */
  stepped(min: number, max: number, step: number): number {
    return min + step * this.whole(0, Math.floor((max - min) / step));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.whole(0, items.length - 1)];
    if (item === undefined) throw new Error('There is nothing to pick from');
    return item;
  }

  /** Each with a weight above 0. */
  weighted<T>(items: readonly (readonly [T, number])[]): T {
    let left = this.next() * items.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return this.pick(items)[0];
  }

  /** A rank from 0 to `count` - 1, each as likely as 1 / (rank + 1): Zipf's law. */
  zipf(count: number): number {
    // The inverse of the integral of 1/x, which the harmonic numbers follow closely.
    return Math.min(count - 1, Math.floor(Math.exp(this.next() * Math.log(count + 1)) - 1));
  }

  /** Normally distributed around 0 with deviation 1 (Box and Muller, 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** `count` different items in random order; all of them where there are fewer. */
  sample<T>(items: readonly T[], count: number): T[] {
    const pool = [...items];
    const taken = Math.min(count, pool.length);
    for (let i = 0; i < taken; i++) {
      const other = this.whole(i, pool.length - 1);
      [pool[i], pool[other]] = [pool[other] as T, pool[i] as T];
    }
    return pool.slice(0, taken);
  }
}

/** FNV-1a over UTF-16 units, then the finaliser of MurmurHash3, so that seeds that differ little start far apart. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
