import { describe, expect, it } from '@jest/globals';
import type { FieldError } from '../platform/app-error.js';
import { draftCampaign, editCampaign } from './campaign-draft.js';
import type { CampaignRow } from './campaign-row.js';
import type { CreateCampaignDto, UpdateCampaignDto } from './dto/campaign.dto.js';

const NOW = Date.parse('2026-11-22T00:00:00Z');
const DTO: CreateCampaignDto = {
  advertiserId: 'adv_1',
  name: '겨울',
  startsAt: '2026-12-01T00:00:00+09:00',
  budget: {},
  pacing: 'even',
  frequencyCaps: [],
};
const AD_GROUP = { name: 'g', bid: { model: 'cpm' as const, amountMicros: 1_000 } };

function draft(fields: Partial<CreateCampaignDto>): { row: CampaignRow; errors: readonly FieldError[] } {
  const errors: FieldError[] = [];
  return { row: draftCampaign({ ...DTO, ...fields }, NOW, errors).row, errors };
}

function edit(row: CampaignRow, dto: UpdateCampaignDto): { row: CampaignRow; errors: readonly FieldError[] } {
  const errors: FieldError[] = [];
  return { row: editCampaign(row, dto, errors), errors };
}

const pathsOf = (errors: readonly FieldError[]): readonly string[] => errors.map(({ path }) => path);

describe('a campaign draft', () => {
  it('stores times as instants, and limits that are absent as null', () => {
    expect(draft({}).row).toMatchObject({
      status: 'draft',
      starts_at: new Date('2026-11-30T15:00:00Z'),
      ends_at: null,
      total_budget_micros: null,
      daily_budget_micros: null,
      version: 1,
      created_at: new Date(NOW),
    });
  });

  it('refuses a cpm bid whose share of one impression would round down to nothing', () => {
    const bidOf = (model: 'cpm' | 'cpc', amountMicros: number) => {
      const errors: FieldError[] = [];
      draftCampaign({ ...DTO, adGroups: [{ ...AD_GROUP, bid: { model, amountMicros } }] }, NOW, errors);
      return pathsOf(errors);
    };
    expect(bidOf('cpm', 999)).toEqual(['adGroups[0].bid.amountMicros']);
    expect(bidOf('cpm', 1_000)).toEqual([]);
    expect(bidOf('cpc', 1)).toEqual([]);
  });

  it('collects the faults of all ad groups at once, each at its path', () => {
    const errors: FieldError[] = [];
    const adGroups = [
      { ...AD_GROUP, targeting: { os: [] } },
      { ...AD_GROUP, frequencyCaps: [{ limit: 0, window: 'lifetime' }] },
      { ...AD_GROUP, dayParts: { clock: 'sun', windows: [] } },
    ];
    draftCampaign({ ...DTO, endsAt: DTO.startsAt, frequencyCaps: 5, adGroups }, NOW, errors);
    expect(pathsOf(errors)).toEqual([
      'frequencyCaps',
      'endsAt',
      'adGroups[0].targeting.os',
      'adGroups[1].frequencyCaps[0].limit',
      'adGroups[2].dayParts.clock',
      'adGroups[2].dayParts.windows',
    ]);
  });

  it('names what targeting refers to, at its path', () => {
    const errors: FieldError[] = [];
    const targeting = { all: [{ segment: 'a' }, { not: { segments: ['b', 'a'] } }, { audience: 'aud_1' }] };
    const { adGroups } = draftCampaign({ ...DTO, adGroups: [AD_GROUP, { ...AD_GROUP, targeting }] }, NOW, errors);
    expect(adGroups[1]?.named).toEqual({
      path: 'adGroups[1].targeting',
      input: targeting,
      segments: ['a', 'b'],
      audiences: ['aud_1'],
    });
  });

  it.each([
    ['2026-11-30T15:00:00Z', ['endsAt']],
    ['2026-11-30T15:00:00.001Z', []],
  ])('must end later than it starts: %s', (endsAt, paths) => {
    expect(pathsOf(draft({ endsAt }).errors)).toEqual(paths);
  });

  it('may spend a day as much as in all, and no more', () => {
    expect(draft({ budget: { totalMicros: 5, dailyMicros: 5 } }).errors).toEqual([]);
    expect(pathsOf(draft({ budget: { totalMicros: 5, dailyMicros: 6 } }).errors)).toEqual(['budget.dailyMicros']);
  });
});

describe('an edited campaign', () => {
  const { row } = draft({ endsAt: '2027-01-01T00:00:00Z', budget: { totalMicros: 9, dailyMicros: 3 } });

  it('keeps what the update leaves out', () => {
    expect(edit(row, {})).toEqual({ row, errors: [] });
    expect(edit(row, { budget: {} }).row).toEqual(row);
    expect(edit(row, { name: '봄' }).row).toEqual({ ...row, name: '봄' });
  });

  it('loses the limits that are null', () => {
    const { row: open } = edit(row, { endsAt: null, budget: { totalMicros: null, dailyMicros: null } });
    expect(open).toEqual({ ...row, ends_at: null, total_budget_micros: null, daily_budget_micros: null });
  });

  it('is held together: an update may contradict what is stored', () => {
    expect(pathsOf(edit(row, { budget: { totalMicros: 2 } }).errors)).toEqual(['budget.dailyMicros']);
    expect(pathsOf(edit(row, { startsAt: '2027-01-01T00:00:00Z' }).errors)).toEqual(['endsAt']);
  });
});
