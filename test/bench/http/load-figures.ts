/** What one server did under one load. */
export interface LoadFigures {
  /** Answered with 200, until the last answer: below what was offered where a queue was left at the end. */
  readonly matchesASecond: number;
  readonly cpuUs: number;
  /** ms; at fixed intervals from the time at which a request was due, so that a slow server can't slow the questions down. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Requests with another status or none. */
  readonly failed: number;
}
