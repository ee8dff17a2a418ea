import { describe, expect, it } from '@jest/globals';
import type { EventVerdict, RecordedEvent } from '../record.js';
import { checkEvents } from './check-events.js';
import { eventOf, placedOf, storedOf, storeOf } from './fixtures.js';
import type { Stored } from './stored.js';

describe('the verdict on events', () => {
  const breaches = (recorded: readonly RecordedEvent[], stored: Partial<Stored>) =>
    checkEvents(recorded, storeOf(stored)).flatMap((check) => check.breaches);

  it('has nothing against what was accepted, sent again, refused, or never answered', () => {
    const kept = eventOf([null, 'duplicate', 'duplicate']);
    const open = eventOf([null], { placed: placedOf({ messageId: 'm2' }) });
    const refused = eventOf(['rejected'], { placed: placedOf({ messageId: 'm3' }) });
    expect(breaches([kept, open, refused], { events: [storedOf(kept)] })).toEqual([]);
    expect(breaches([kept, open, refused], { events: [storedOf(kept), storedOf(open)] })).toEqual([]);
  });

  it('finds an accepted event that is lost, not settled, or stored twice', () => {
    const event = eventOf(['accepted']);
    expect(breaches([event], {})).toEqual(['m1 impression  is not stored (accepted)']);
    expect(breaches([event], { events: [storedOf(event, { isSettled: false })] })).toEqual([
      'm1 impression  is not settled',
    ]);
    expect(breaches([event], { events: [storedOf(event), storedOf(event)] })).toEqual([
      'an event is stored more than once',
    ]);
    expect(breaches([event], { events: [storedOf(event)], unsettledBatches: 2 })).toEqual([
      '2 batches are not settled',
    ]);
  });

  it('finds an event that nobody sent, that was refused, or that says something else than its token', () => {
    const event = eventOf(['accepted']);
    const refused = eventOf(['rejected']);
    expect(breaches([], { events: [storedOf(event)] })).toHaveLength(1);
    expect(breaches([refused], { events: [storedOf(refused)] })).toHaveLength(1);
    expect(breaches([event], { events: [storedOf(event, { campaignId: 'other' })] })).toHaveLength(1);
    expect(breaches([event], { events: [storedOf(event, { occurredAt: 1_999 })] })).toHaveLength(1);
    expect(breaches([event], { events: [storedOf(event, { occurredAt: 2_006 })] })).toHaveLength(1);
    expect(breaches([event], { events: [storedOf(event, { placement: 'other' })] })).toHaveLength(1);
  });

  it('finds an event that is stored at another time than the one that was stated', () => {
    const event = eventOf([null, 'accepted'], { statedAt: 1_990 });
    expect(breaches([event], { events: [storedOf(event, { occurredAt: 1_990 })] })).toEqual([]);
    expect(breaches([event], { events: [storedOf(event, { occurredAt: 2_002 })] })).toHaveLength(1);
  });

  it('takes a report by a link for one without an answer, and finds where none of many is stored', () => {
    const link = (i: number, verdicts: readonly (EventVerdict | null)[] = [null]) =>
      eventOf(verdicts, { placed: placedOf({ messageId: `m${i}` }), isByLink: true });
    const [first, ...others] = Array.from({ length: 21 }, (_, i) => link(i));
    if (first === undefined) throw new Error('There is one');
    expect(breaches(others, {})).toEqual([]);
    expect(breaches([first, ...others], { events: [storedOf(first)] })).toEqual([]);
    expect(breaches([first, ...others], {})).toEqual(['none of 21 is stored']);
    // Reported again, it was new: the link had not been taken.
    const again = link(0, [null, 'accepted']);
    expect(breaches([again, ...others], { events: [storedOf(again)] })).toEqual(['none of 21 is stored']);
  });

  it('finds an event that was accepted twice, or is a duplicate of nothing', () => {
    const twice = eventOf(['accepted', 'accepted']);
    expect(breaches([twice], { events: [storedOf(twice)] })).toHaveLength(1);
    const nothing = eventOf(['duplicate']);
    expect(breaches([nothing], { events: [storedOf(nothing)] })).toHaveLength(1);
  });

  it('finds a refusal that was not due', () => {
    const refuse = (code: string, endedAt: number): RecordedEvent => ({
      ...eventOf([]),
      tries: [{ sentAt: endedAt - 5, endedAt, verdict: 'rejected', code }],
    });
    expect(breaches([refuse('expired', 9_001)], {})).toEqual([]);
    expect(breaches([refuse('expired', 8_000)], {})).toHaveLength(1);
    expect(breaches([refuse('invalid_token', 9_001)], {})).toHaveLength(1);
  });
});
