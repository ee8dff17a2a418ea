/**
 * Time as a port: nothing else in the product reads the time. `now` is epoch milliseconds. A request's own time is
 * fixed once, when it has arrived (see `@Now()`), so that everything one request does happens at one instant.
 */
export abstract class Clock {
  abstract readonly simulated: boolean;
  abstract now(): number;
  /** The time up to which time has certainly come; null while a simulated clock was told none. */
  abstract reached(): number | null;
  /** Takes the time that a request's header gave; returns the request's time. */
  abstract observe(requestTime: number | null): number;
}

export class SystemClock extends Clock {
  readonly simulated = false;

  now(): number {
    return Date.now();
  }

  reached(): number {
    return Date.now();
  }

  observe(): number {
    return Date.now();
  }
}

/** Follows the latest time that any request named, so that days of traffic run in minutes. */
export class SimulatedClock extends Clock {
  readonly simulated = true;
  private latest: number | null = null;

  now(): number {
    return this.latest ?? Date.now();
  }

  reached(): number | null {
    return this.latest;
  }

  observe(requestTime: number | null): number {
    if (requestTime === null) return this.now();
    this.latest = Math.max(this.latest ?? requestTime, requestTime);
    return requestTime;
  }
}
