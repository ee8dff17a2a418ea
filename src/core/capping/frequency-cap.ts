/**
 * A frequency cap: at most `limit` impressions to one member in a window. Rolling windows are half-open, (t − w, t];
 * calendar windows are half-open, [start, next start), in the advertiser's time zone; `lifetime` never renews.
 */
export interface FrequencyCap {
  readonly limit: number;
  readonly window: CapWindow;
}

export type CapWindow = TimedWindow | 'lifetime';

export interface TimedWindow {
  readonly length: number;
  readonly unit: WindowUnit;
  readonly kind: 'rolling' | 'calendar';
}

export const WINDOW_UNITS = ['minute', 'hour', 'day', 'week'] as const;
export type WindowUnit = (typeof WINDOW_UNITS)[number];
