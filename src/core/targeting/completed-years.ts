/**
 * Decides how old a member certainly is. A birth date may be known in part only; what is missing is read as the latest
 * day that it could be, so that nobody is taken for older than they are and minors stay protected.
 */

/** A birth date as far as it is known: month 1 to 12, day 1 to 31. A day without a month says nothing and is ignored. */
export interface BirthDate {
  readonly year: number;
  readonly month?: number;
  readonly day?: number;
}

/** A day of the Gregorian calendar: month 1 to 12, day 1 to 31. */
export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/**
 * Completed years on `today`, which the caller takes in the member's time zone. With the year alone the member counts as
 * born on 31 December, with year and month as born on the month's last day. A birth on 29 February completes a year on
 * 1 March in common years. A birth that may lie before today or after it counts 0. Null, thus unknown, when the birth
 * certainly lies after today or its date does not exist (month 13, 30 February, parts that are not whole). O(1).
 */
export function completedYears(birth: BirthDate, today: CalendarDay): number | null {
  const { year, month } = birth;
  const day = month === undefined ? undefined : birth.day;
  const earliest: CalendarDay = { year, month: month ?? 1, day: day ?? 1 };
  if (!exists(earliest) || isAfter(earliest, today)) return null;

  const lastMonth = month ?? 12;
  const lastDay = day ?? daysInMonth(year, lastMonth);
  const completedThisYear = today.month > lastMonth || (today.month === lastMonth && today.day >= lastDay);
  return Math.max(0, today.year - year - (completedThisYear ? 0 : 1));
}

function exists({ year, month, day }: CalendarDay): boolean {
  if (!Number.isInteger(year) || !Number.isInteger(month) || !Number.isInteger(day)) return false;
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

function isAfter(one: CalendarDay, other: CalendarDay): boolean {
  if (one.year !== other.year) return one.year > other.year;
  if (one.month !== other.month) return one.month > other.month;
  return one.day > other.day;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
