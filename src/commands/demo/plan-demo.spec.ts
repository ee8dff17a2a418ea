import { describe, expect, it } from '@jest/globals';
import { isTimeZone } from '../../core/calendar/local-day.js';
import { parseDayParts } from '../../core/calendar/day-parts.js';
import { parseFrequencyCaps } from '../../core/capping/parse-frequency-caps.js';
import { parseTargeting } from '../../core/targeting/parse-targeting.js';
import { DEMO_SEGMENTS } from './content/segments.js';
import { planDemo } from './plan-demo.js';

const plan = planDemo(1);
const adGroups = plan.campaigns.flatMap((campaign) => campaign.adGroups);
const creatives = adGroups.flatMap((adGroup) => adGroup.creatives);

describe('the plan of the demo', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(planDemo(1)).toEqual(plan);
    expect(planDemo(2)).not.toEqual(plan);
  });

  it('has 50 advertisers of different names, 300 ad groups, and some 60 segments', () => {
    expect(new Set(plan.advertisers.map(({ name }) => name)).size).toBe(50);
    expect(adGroups).toHaveLength(300);
    expect(new Set(plan.campaigns.map(({ advertiser }) => advertiser)).size).toBe(50);
    expect(DEMO_SEGMENTS.length).toBeGreaterThanOrEqual(55);
    expect(DEMO_SEGMENTS.length).toBeLessThanOrEqual(65);
  });

  it('pays in won mostly, in dollars sometimes, in zones that exist', () => {
    const inWon = plan.advertisers.filter(({ currency }) => currency === 'KRW').length;
    expect(inWon).toBe(40);
    expect(plan.advertisers.every(({ timeZone }) => isTimeZone(timeZone))).toBe(true);
  });

  it('uses only targeting, caps and day parts that the product understands, over segments of its catalogue', () => {
    const known = new Set(DEMO_SEGMENTS.map(({ id }) => id));
    for (const { targeting, frequencyCaps = [], dayParts } of adGroups) {
      const parsed = parseTargeting(targeting);
      expect(parsed).toMatchObject({ ok: true });
      if (parsed.ok) expect(parsed.references.segments.filter((id) => !known.has(id))).toEqual([]);
      expect(parseFrequencyCaps(frequencyCaps)).toMatchObject({ ok: true });
      if (dayParts !== undefined) expect(parseDayParts(dayParts)).toMatchObject({ ok: true });
    }
    for (const { frequencyCaps } of plan.campaigns)
      expect(parseFrequencyCaps(frequencyCaps)).toMatchObject({ ok: true });
  });

  it('names no sensitive segment', () => {
    const sensitive = DEMO_SEGMENTS.filter((segment) => segment.sensitive === true).map(({ id }) => id);
    expect(sensitive).not.toEqual([]);
    for (const id of sensitive) expect(JSON.stringify(adGroups)).not.toContain(id);
  });

  it('varies what campaigns can vary', () => {
    const kinds = new Set(adGroups.map(({ targeting }) => Object.keys(targeting).join()));
    expect([...kinds].sort()).toEqual(['', 'all', 'any', 'segment,minWeight', 'segments']);
    expect(new Set(adGroups.map(({ bid }) => bid.model))).toEqual(new Set(['cpm', 'cpc']));
    expect(new Set(plan.campaigns.map(({ pacing }) => pacing))).toEqual(new Set(['even', 'asap']));
    expect(adGroups.filter(({ dayParts }) => dayParts !== undefined).length).toBeGreaterThan(20);
    expect(adGroups.filter(({ dailyBudgetMicros }) => dailyBudgetMicros !== undefined).length).toBeGreaterThan(30);
    expect(plan.campaigns.filter(({ budget }) => budget.totalMicros !== undefined).length).toBeGreaterThan(20);
    expect(new Set(creatives.map(({ language }) => language))).toEqual(new Set(['ko', 'en']));
  });

  it('keeps its money possible: whole micros, and no day above the total', () => {
    for (const { budget } of plan.campaigns) {
      const { dailyMicros = 1, totalMicros = Number.MAX_SAFE_INTEGER } = budget;
      expect(Number.isSafeInteger(dailyMicros) && dailyMicros <= totalMicros).toBe(true);
    }
    for (const { bid } of adGroups) expect(Number.isSafeInteger(bid.amountMicros) && bid.amountMicros > 0).toBe(true);
  });

  it('writes Korean in Korean and English in English, each inside the limits of a creative', () => {
    for (const { senderName, title, body, callToAction, landingUrl, language } of creatives) {
      const text = `${title} ${body} ${callToAction}`;
      if (language === 'ko') expect(text).toMatch(/[가-힣]/);
      else expect(text).not.toMatch(/[가-힣]/);
      expect([senderName.length <= 60, title.length <= 120, callToAction.length <= 40]).toEqual([true, true, true]);
      expect(landingUrl).toMatch(/^https:\/\/example\.com\/[a-z0-9-]+\/[a-z0-9-]+\?from=chat$/);
    }
  });

  it('ends with an open ad group, and has open ones of ten advertisers', () => {
    const open = plan.campaigns.filter(
      ({ adGroups: [first], budget, frequencyCaps, pacing }) =>
        Object.keys(first?.targeting ?? { none: 1 }).length === 0 &&
        Object.keys(budget).length === 0 &&
        frequencyCaps.length === 0 &&
        pacing === 'asap',
    );
    expect(new Set(open.map(({ advertiser }) => advertiser)).size).toBe(10);
    expect(open.at(-1)).toBe(plan.campaigns.at(-1));
  });
});
