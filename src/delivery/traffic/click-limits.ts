import type { ClickLimit } from '../../core/traffic/judge-clicks.js';
import type { Config } from '../../platform/config/config.js';

/** How often one member can click; more is invalid traffic. */
export const CLICK_LIMITS = Symbol('ClickLimits');

export function clickLimitsOf(config: Pick<Config, 'maxClicksPerMinute' | 'maxClicksPerHour'>): readonly ClickLimit[] {
  return [
    { clicks: config.maxClicksPerMinute, windowMs: 60_000 },
    { clicks: config.maxClicksPerHour, windowMs: 3_600_000 },
  ];
}
