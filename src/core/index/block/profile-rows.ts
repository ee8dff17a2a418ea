import { WEEKDAYS, localWeekdayAndMinute } from '../../calendar/local-day.js';
import type { DayParts } from '../../calendar/day-parts.js';
import { ONE_OF_FIELDS, type OneOfField } from '../../targeting/expression.js';
import type { AdGroupRecord, CreativeRecord } from '../ad-group-record.js';
import type { Candidate } from '../candidate.js';
import { primaryLanguage } from '../first-failure.js';
import type { MatchRequest } from '../match-request.js';
import { AGES } from './allowed-ages.js';
import type { AllowedValues } from './allowed-values.js';
import { type BitRow, bitRow, clearBit, setBit, widened } from './bit-row.js';
import { CellRows } from './cell-rows.js';
import type { TargetingPlan } from './targeting-plan.js';
import { ValueRows } from './value-rows.js';

const HOURS_A_WEEK = 168;
const MINUTES_AN_HOUR = 60;

/** How far the rows speak for an ad group. */
export interface Blocked {
  /** The rows say all that the scalar conjuncts of its targeting say. */
  readonly isTargetingExact: boolean;
  /** The rows say all that its day parts on the member's clock say. */
  readonly isHourExact: boolean;
}

/** Which slots are ruled out by the single-valued facts of a request: place, device, age, language, hour, consent. */
export class ProfileRows {
  private readonly fields: ReadonlyMap<OneOfField, ValueRows>;
  private readonly ages: CellRows;
  /** By the hour of the week on the member's clock. */
  private readonly hours: CellRows;
  /** By the primary language of the reader. */
  private readonly languages: ValueRows;
  /** Slots whose targeting reads personal data. */
  private personal: BitRow;

  constructor(words: number) {
    this.fields = new Map(ONE_OF_FIELDS.map((field) => [field, new ValueRows(words)]));
    this.ages = new CellRows(words, AGES);
    this.hours = new CellRows(words, HOURS_A_WEEK);
    this.languages = new ValueRows(words);
    this.personal = bitRow(words);
  }

  get bytes(): number {
    return this.all().reduce((sum, rows) => sum + rows.bytes, this.personal.byteLength);
  }

  add(slot: number, { record, usesPersonalData }: Candidate, plan: TargetingPlan): Blocked {
    let isTargetingExact = true;
    for (const [field, allowed] of plan.values) {
      if (!this.fields.get(field)!.block(slot, allowed)) isTargetingExact = false;
    }
    if (plan.ages !== null) this.ages.block(slot, plan.ages);
    const readers = readersOf(record.creatives);
    const isLanguageExact = readers === null || this.languages.block(slot, readers);
    if (usesPersonalData) setBit(this.personal, slot);
    const isHourExact = this.addHours(slot, record);
    return { isTargetingExact, isHourExact: isHourExact && isLanguageExact };
  }

  clear(slot: number): void {
    for (const rows of this.all()) rows.clear(slot);
    clearBit(this.personal, slot);
  }

  /** The rows of slots that this request rules out, those that are empty for sure left out. */
  rowsFor(request: MatchRequest): BitRow[] {
    const { subject, timeZone, now, personalized } = request;
    const rows: (BitRow | null)[] = [];
    for (const [field, values] of this.fields) rows.push(values.rowFor(subject[field]));
    rows.push(this.ages.rowFor(subject.age));
    rows.push(this.languages.rowFor(subject.language === null ? null : primaryLanguage(subject.language)));
    rows.push(this.hours.rowFor(timeZone === null ? null : hourOfWeek(now, timeZone)));
    if (!personalized) rows.push(this.personal);
    return rows.filter((row) => row !== null);
  }

  widen(words: number): void {
    for (const rows of this.all()) rows.widen(words);
    this.personal = widened(this.personal, words);
  }

  private all(): (ValueRows | CellRows)[] {
    return [...this.fields.values(), this.ages, this.hours, this.languages];
  }

  private addHours(slot: number, { dayParts }: AdGroupRecord): boolean {
    if (dayParts?.clock !== 'member') return true;
    this.hours.block(slot, hoursOf(dayParts));
    return dayParts.windows.every(
      ({ fromMinute, toMinute }) => fromMinute % MINUTES_AN_HOUR === 0 && toMinute % MINUTES_AN_HOUR === 0,
    );
  }
}

/** 1 at each hour of the week that is at least partly within a window; never where the member's hour is unknown. */
function hoursOf({ windows }: DayParts): Uint8Array {
  const hours = new Uint8Array(HOURS_A_WEEK + 1);
  for (const { days, fromMinute, toMinute } of windows) {
    for (const day of days) {
      const first = WEEKDAYS.indexOf(day) * 24;
      const from = Math.floor(fromMinute / MINUTES_AN_HOUR);
      hours.fill(1, first + from, first + Math.ceil(toMinute / MINUTES_AN_HOUR));
    }
  }
  return hours;
}

function hourOfWeek(now: number, timeZone: string): number {
  const { weekday, minute } = localWeekdayAndMinute(now, timeZone);
  return WEEKDAYS.indexOf(weekday) * 24 + Math.floor(minute / MINUTES_AN_HOUR);
}

/** Null: there is a creative for everybody. */
function readersOf(creatives: readonly CreativeRecord[]): AllowedValues | null {
  const languages = creatives.map(({ language }) => language);
  if (languages.includes(null)) return null;
  const values = new Set(languages.flatMap((language) => (language === null ? [] : [primaryLanguage(language)])));
  return { values, isComplement: false, unknown: true };
}
