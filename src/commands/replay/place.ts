import { isTimeZone } from '../../core/calendar/local-day.js';

/** Where a bid request came from, in ISO and IANA codes. */
export interface Place {
  /** ISO 3166-1. */
  readonly country?: string;
  /** ISO 3166-2. */
  readonly region?: string;
  /** IANA name. */
  readonly timeZone?: string;
}

/** Codes of the log's geography that are no countries: Europe and Asia-Pacific at large. */
const NO_COUNTRIES: ReadonlySet<string> = new Set(['EU', 'AP']);

/** Elsewhere the log has FIPS 10-4 codes, which mean other places than ISO's. */
const COUNTRIES_WITH_ISO_REGIONS: ReadonlySet<string> = new Set(['US', 'CA']);

/** This exchange writes minutes west of UTC, as JavaScript's getTimezoneOffset does; the others write minutes east. */
const WRITES_MINUTES_WEST = 'context_web';

/** Minutes east of UTC in winter, in the United States and Canada. */
const NORTH_AMERICAN_ZONES: ReadonlyMap<number, string> = new Map([
  [-210, 'America/St_Johns'],
  [-240, 'America/Halifax'],
  [-300, 'America/New_York'],
  [-360, 'America/Chicago'],
  [-420, 'America/Denver'],
  [-480, 'America/Los_Angeles'],
  [-540, 'America/Anchorage'],
  [-600, 'Pacific/Honolulu'],
]);

export function readPlace(location: Readonly<Record<string, unknown>>, exchange: unknown): Place {
  const { countryCode, regionCode, timezoneOffsetMinutes: offset } = location;
  const country = isCountry(countryCode) ? countryCode : null;
  const timeZone =
    typeof offset === 'number' ? zoneOf(exchange === WRITES_MINUTES_WEST ? -offset : offset, country) : null;
  const hasRegion = country !== null && typeof regionCode === 'string' && /^[A-Z]{2}$/.test(regionCode);
  return {
    ...(country === null ? {} : { country }),
    ...(hasRegion && COUNTRIES_WITH_ISO_REGIONS.has(country) ? { region: `${country}-${regionCode}` } : {}),
    ...(timeZone === null ? {} : { timeZone }),
  };
}

function isCountry(code: unknown): code is string {
  return typeof code === 'string' && /^[A-Z]{2}$/.test(code) && !NO_COUNTRIES.has(code);
}

/** Null where no zone has the offset all year round; POSIX signs make Etc/GMT+5 of five hours west. */
function zoneOf(minutesEast: number, country: string | null): string | null {
  const here =
    country !== null && COUNTRIES_WITH_ISO_REGIONS.has(country) ? NORTH_AMERICAN_ZONES.get(minutesEast) : undefined;
  if (here !== undefined) return here;
  if (minutesEast % 60 !== 0) return null;
  const hours = Math.abs(minutesEast) / 60;
  const zone = hours === 0 ? 'Etc/GMT' : `Etc/GMT${minutesEast < 0 ? '+' : '-'}${hours}`;
  return isTimeZone(zone) ? zone : null;
}
