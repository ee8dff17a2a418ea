/** What happened, and when: seconds from the start of the load. */
export class TimeLine {
  private readonly lines: string[] = [];
  private startedAt = Date.now();

  /** From now on time counts from here. */
  begin(): void {
    this.startedAt = Date.now();
  }

  note(text: string): void {
    this.lines.push(`${((Date.now() - this.startedAt) / 1000).toFixed(2).padStart(7)} s  ${text}`);
  }

  toString(): string {
    return this.lines.map((line) => `${line}\n`).join('');
  }
}

/** Epoch ms; open while `to` is infinite. */
export interface Interval {
  readonly from: number;
  to: number;
}

export function overlaps(intervals: readonly Interval[], from: number, to: number): boolean {
  return intervals.some((interval) => interval.from <= to && from <= interval.to);
}
