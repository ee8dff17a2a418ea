import { type DayPartsWire, formatDayParts, parseDayParts } from '../core/calendar/day-parts.js';
import type { FrequencyCap } from '../core/capping/frequency-cap.js';
import { parseFrequencyCaps } from '../core/capping/parse-frequency-caps.js';
import { formatTargeting } from '../core/targeting/format-targeting.js';
import { parseTargeting } from '../core/targeting/parse-targeting.js';
import type { FieldError } from '../platform/app-error.js';
import type { NamedTargeting } from './missing-references.js';

/**
 * Reads the parts of an ad group that core has parsers for. Each is parsed and written again, so that what is stored is
 * canonical and can always be read back. Faults are added to `errors` with their paths; then the value answered is an
 * empty one that nobody may store.
 */
export interface ReadTargeting {
  readonly wire: unknown;
  readonly named: NamedTargeting;
}

export function readTargeting(input: unknown, path: string, errors: FieldError[]): ReadTargeting {
  const result = parseTargeting(input, { path });
  if (result.ok) return { wire: formatTargeting(result.targeting), named: { path, input, ...result.references } };
  errors.push(...result.errors);
  return { wire: {}, named: { path, input: {}, segments: [], audiences: [] } };
}

export function readFrequencyCaps(input: unknown, path: string, errors: FieldError[]): readonly FrequencyCap[] {
  const result = parseFrequencyCaps(input, path);
  if (result.ok) return result.frequencyCaps;
  errors.push(...result.errors);
  return [];
}

export function readDayParts(input: unknown, path: string, errors: FieldError[]): DayPartsWire | null {
  const result = parseDayParts(input, path);
  if (result.ok) return formatDayParts(result.dayParts);
  errors.push(...result.errors);
  return null;
}
