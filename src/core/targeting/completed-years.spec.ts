import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { completedYears } from './completed-years.js';
import type { CalendarDay } from './completed-years.js';

const DAY_MS = 86_400_000;

function dayOf(epochDay: number): CalendarDay {
  const date = new Date(epochDay * DAY_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

const epochDays = fc.integer({ min: -25_000, max: 30_000 });

// Counts the birthdays one by one; Date turns 29 February of a common year into 1 March, which is the rule as well.
function birthdaysPassed(birth: CalendarDay, today: CalendarDay): number {
  const todayMs = Date.UTC(today.year, today.month - 1, today.day);
  let passed = 0;
  while (Date.UTC(birth.year + passed + 1, birth.month - 1, birth.day) <= todayMs) passed++;
  return passed;
}

describe('completedYears', () => {
  it('counts the birthdays that have passed', () => {
    fc.assert(
      fc.property(epochDays, epochDays, (one, other) => {
        const birth = dayOf(Math.min(one, other));
        const today = dayOf(Math.max(one, other));
        expect(completedYears(birth, today)).toBe(birthdaysPassed(birth, today));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the least age of all births that a partial date allows', () => {
    fc.assert(
      fc.property(epochDays, epochDays, fc.boolean(), (birthDay, later, isMonthKnown) => {
        const { year, month } = dayOf(birthDay);
        const today = dayOf(Math.max(birthDay, later));
        const ages: number[] = [];
        const first = Date.UTC(year, isMonthKnown ? month - 1 : 0, 1) / DAY_MS;
        const end = Date.UTC(year, isMonthKnown ? month : 12, 1) / DAY_MS;
        for (let day = first; day < end; day++) ages.push(completedYears(dayOf(day), today) ?? 0);
        expect(completedYears(isMonthKnown ? { year, month } : { year }, today)).toBe(Math.min(...ages));
      }),
      { numRuns: 200 },
    );
  });

  it('is unknown for a birth after today', () => {
    fc.assert(
      fc.property(epochDays, fc.integer({ min: 1, max: 20_000 }), (today, ahead) => {
        expect(completedYears(dayOf(today + ahead), dayOf(today))).toBeNull();
      }),
    );
    expect(completedYears({ year: 2027 }, { year: 2026, month: 12, day: 31 })).toBeNull();
    expect(completedYears({ year: 2026, month: 7 }, { year: 2026, month: 6, day: 30 })).toBeNull();
  });

  it.each([
    ['the day before the birthday', { year: 2006, month: 5, day: 10 }, { year: 2026, month: 5, day: 9 }, 19],
    ['the birthday', { year: 2006, month: 5, day: 10 }, { year: 2026, month: 5, day: 10 }, 20],
    ['28 February for a birth on the 29th', { year: 2004, month: 2, day: 29 }, { year: 2026, month: 2, day: 28 }, 21],
    ['1 March for a birth on 29 February', { year: 2004, month: 2, day: 29 }, { year: 2026, month: 3, day: 1 }, 22],
    ['29 February in a leap year', { year: 2004, month: 2, day: 29 }, { year: 2028, month: 2, day: 29 }, 24],
    ['30 December with the year alone', { year: 2006 }, { year: 2026, month: 12, day: 30 }, 19],
    ['31 December with the year alone', { year: 2006 }, { year: 2026, month: 12, day: 31 }, 20],
    ['the month before its last day', { year: 2006, month: 4 }, { year: 2026, month: 4, day: 29 }, 19],
    ['the last day of the month', { year: 2006, month: 4 }, { year: 2026, month: 4, day: 30 }, 20],
    ['the day of birth', { year: 2026, month: 5, day: 10 }, { year: 2026, month: 5, day: 10 }, 0],
    ['the year of birth, known by the year alone', { year: 2026 }, { year: 2026, month: 5, day: 10 }, 0],
    ['a day given without its month', { year: 2006, day: 1 }, { year: 2026, month: 12, day: 30 }, 19],
  ])('counts on %s', (_name, birth, today, years) => {
    expect(completedYears(birth, today)).toBe(years);
  });

  it.each([
    { year: 2001, month: 2, day: 29 },
    { year: 1900, month: 2, day: 29 },
    { year: 2001, month: 4, day: 31 },
    { year: 2001, month: 13 },
    { year: 2001, month: 0 },
    { year: 2001, month: 1, day: 0 },
    { year: 2001, month: 1.5, day: 1 },
    { year: 2001, month: 1, day: 1.5 },
    { year: 2001.5 },
    { year: NaN },
  ])('is unknown for a date that does not exist: %j', (birth) => {
    expect(completedYears(birth, { year: 2026, month: 1, day: 1 })).toBeNull();
  });

  it('knows that 2000 was a leap year', () => {
    expect(completedYears({ year: 2000, month: 2, day: 29 }, { year: 2026, month: 3, day: 1 })).toBe(26);
  });
});
