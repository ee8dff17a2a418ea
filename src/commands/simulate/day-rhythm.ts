/**
 * How the simulated members use the messenger over a day: a trough before dawn and two peaks, noon and evening. On purpose
 * not the shape that pacing starts with: deeper or flatter, earlier or later, by the seed.
 */
import { SeededRandom } from '../seeded-random.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Fine enough for the sum of a step to be exact to a thousandth. */
const SLICE_MS = 60_000;

export class DayRhythm {
  private readonly trough: number;
  private readonly peaks: readonly { readonly hour: number; readonly height: number; readonly width: number }[];
  private readonly total: number;

  /** `utcOffsetMs`: of the members' clocks. */
  constructor(
    seed: number,
    private readonly utcOffsetMs: number,
  ) {
    const random = new SeededRandom(`rhythm ${seed}`);
    this.trough = 0.15 + 0.2 * random.next();
    this.peaks = [
      { hour: 11.5 + 2 * random.next(), height: 0.8 + 0.5 * random.next(), width: 2 + random.next() },
      { hour: 19.5 + 2 * random.next(), height: 1.1 + 0.5 * random.next(), width: 2.2 + random.next() },
    ];
    let total = 0;
    for (let ms = 0; ms < DAY_MS; ms += SLICE_MS) total += this.height(ms);
    this.total = total;
  }

  /** The share of a day's traffic that falls between two instants, epoch ms. */
  share(fromMs: number, untilMs: number): number {
    let sum = 0;
    for (let ms = fromMs; ms < untilMs; ms += SLICE_MS) sum += this.height(ms) * Math.min(1, (untilMs - ms) / SLICE_MS);
    return sum / this.total;
  }

  private height(ms: number): number {
    const hour = ((ms + this.utcOffsetMs) % DAY_MS) / HOUR_MS;
    return this.peaks.reduce((sum, { hour: at, height, width }) => {
      const away = Math.min(Math.abs(hour - at), 24 - Math.abs(hour - at));
      return sum + height * Math.exp(-((away / width) ** 2) / 2);
    }, this.trough);
  }
}
