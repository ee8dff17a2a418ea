import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseFrequencyCaps } from '../../core/capping/parse-frequency-caps.js';
import { parseTargeting } from '../../core/targeting/parse-targeting.js';
import { planReplay, type ReplayPlanInput } from './plan-replay.js';

const INPUT: ReplayPlanInput = {
  seed: 1,
  run: 1,
  startsAt: Date.UTC(2012, 0, 10),
  advertisers: 40,
  adGroups: 400,
  verticals: Array.from({ length: 300 }, (_, i) => i * 3),
  regions: ['US-NY', 'US-CA', 'CA-ON'],
  systems: ['windows', 'macos', 'ios'],
};

describe('the plan of a replay', () => {
  const plan = planReplay(INPUT);
  const adGroups = plan.campaigns.flatMap((campaign) => campaign.adGroups);

  it('is the same for the same seed and log, and another one for another seed', () => {
    expect(planReplay(INPUT)).toEqual(plan);
    expect(planReplay({ ...INPUT, seed: 2 }).campaigns).not.toEqual(plan.campaigns);
  });

  it('has as many advertisers and ad groups as it is asked for, whatever the log', () => {
    const inputs = fc.record({
      seed: fc.nat(),
      advertisers: fc.integer({ min: 1, max: 90 }),
      adGroups: fc.integer({ min: 1, max: 200 }),
      verticals: fc.uniqueArray(fc.nat(2_000), { maxLength: 30 }),
      regions: fc.uniqueArray(fc.constantFrom(...INPUT.regions)),
      systems: fc.uniqueArray(fc.constantFrom(...INPUT.systems)),
    });
    fc.assert(
      fc.property(inputs, (input) => {
        const { advertisers, campaigns } = planReplay({ ...INPUT, ...input });
        expect(new Set(advertisers.map(({ name }) => name)).size).toBe(input.advertisers);
        const planned = campaigns.flatMap((campaign) => campaign.adGroups);
        expect(planned).toHaveLength(input.adGroups);
        for (const { targeting } of planned) expect(parseTargeting(targeting)).toMatchObject({ ok: true });
        expect(campaigns.at(-1)?.adGroups[0]?.targeting).toEqual({});
      }),
      { numRuns: 60 },
    );
  });

  it('aims at verticals of the log only', () => {
    const known = new Set(INPUT.verticals.map((id) => `vertical.${id}`));
    const named = adGroups.flatMap(({ targeting }) => {
      const parsed = parseTargeting(targeting);
      return parsed.ok ? parsed.references.segments : [];
    });
    expect(named.length).toBeGreaterThan(200);
    expect(named.filter((id) => !known.has(id))).toEqual([]);
  });

  it('has both bids, both pacings, and caps of several kinds on campaigns and ad groups', () => {
    const kindsOf = (lists: readonly (readonly object[])[]): number =>
      new Set(lists.map((caps) => JSON.stringify(caps))).size;
    expect(kindsOf(plan.campaigns.map(({ frequencyCaps }) => frequencyCaps))).toBeGreaterThanOrEqual(5);
    expect(kindsOf(adGroups.map(({ frequencyCaps = [] }) => frequencyCaps))).toBeGreaterThanOrEqual(5);
    for (const { frequencyCaps } of plan.campaigns)
      expect(parseFrequencyCaps(frequencyCaps)).toMatchObject({ ok: true });
    expect(new Set(adGroups.map(({ bid }) => bid.model))).toEqual(new Set(['cpm', 'cpc']));
    expect(new Set(plan.campaigns.map(({ pacing }) => pacing))).toEqual(new Set(['even', 'asap']));
    expect(new Set(plan.advertisers.map(({ currency }) => currency))).toEqual(new Set(['KRW', 'USD']));
  });

  it('can always afford one click, and is live at the time it is given', () => {
    for (const campaign of plan.campaigns) {
      expect(Date.parse(campaign.startsAt)).toBe(INPUT.startsAt);
      const { totalMicros = Infinity, dailyMicros = Infinity } = campaign.budget;
      for (const { bid } of campaign.adGroups) {
        const price = bid.model === 'cpc' ? bid.amountMicros : bid.amountMicros / 1_000;
        expect(price).toBeLessThanOrEqual(Math.min(totalMicros, dailyMicros));
      }
    }
  });
});
