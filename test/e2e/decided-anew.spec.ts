import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ExposureStore, LeaseBook } from '../../src/delivery/delivery.api.js';
import { LiveIndex } from '../../src/serving/upkeep/live-index.js';
import { eventually, type TestApp } from '../servers/test-app.js';
import { createAdvertiser, createServingCampaign, match, untilKnown } from './fixtures.js';
import { BID, LeaseWorld, PRICE, WON } from './lease-world.js';

const MEMBERS = 30;
/** Messages that a campaign which ranks before the others can pay for. */
const AFFORDED = 12;

/** A message as it was given. */
interface Given {
  readonly adGroupId: string;
  readonly token: string;
}

describe('a place whose winner can’t pay for it', () => {
  let world: LeaseWorld;
  /** Enough for all, of three advertisers. */
  let rich: readonly string[];

  beforeAll(async () => {
    world = await LeaseWorld.start();
    rich = [(await world.sell({})).adGroupId, (await world.sell({})).adGroupId, (await world.sell({})).adGroupId];
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  afterAll(() => world.close());

  /** Ranks before all others, and may be seen once by each member. */
  async function sellDear(totalMicros: number) {
    const advertiserId = await createAdvertiser(world.first, {}, 1_000_000 * WON);
    const bid = { ...BID, amountMicros: 6_000 * WON };
    const fields = { budget: { totalMicros }, frequencyCaps: [{ limit: 1, window: 'lifetime' }] };
    const campaign = await createServingCampaign(world.first, advertiserId, fields, { bid });
    for (const app of [world.first, world.second]) await untilKnown(app, campaign.adGroupId, world.time());
    return campaign;
  }

  async function stop(campaignId: string): Promise<void> {
    expect((await world.first.request('POST', `/v1/campaigns/${campaignId}/pause`, {})).status).toBe(200);
  }

  async function ask(app: TestApp, member: string, request: object): Promise<readonly Given[]> {
    const { status, body } = await match(app, member, request, world.time());
    expect(status).toBe(200);
    return (body.messages as Given[]).map(({ adGroupId, token }) => ({ adGroupId, token }));
  }

  const idsOf = (messages: readonly Given[]) => messages.map(({ adGroupId }) => adGroupId);
  const exposureOf = (app: TestApp) => app.app.get(ExposureStore, { strict: false });
  const bookOf = (app: TestApp) => app.app.get(LeaseBook, { strict: false });

  /** Nobody hears what is held before the holds of so many are placed: then all of them want the money of the same winner. */
  function answerTogether(store: ExposureStore, count: number): void {
    const hold = store.hold.bind(store);
    let placed = 0;
    let answerAll: () => void = () => undefined;
    const allPlaced = new Promise<void>((resolve) => (answerAll = resolve));
    jest.spyOn(store, 'hold').mockImplementation(async (request) => {
      const outcome = await hold(request);
      if (++placed === count) answerAll();
      await allPlaced;
      return outcome;
    });
  }

  it.each([1, 2])(
    'goes to the next, in lists of %d at once; asked for again they are the same, and what was taken back binds nothing',
    async (maxMessages) => {
      const dear = await sellDear(AFFORDED * PRICE);
      const forget = jest.spyOn(exposureOf(world.first), 'forget');
      answerTogether(exposureOf(world.first), MEMBERS);
      const asked = Array.from({ length: MEMBERS }, () => {
        const member = world.newMember();
        return { member, request: { maxMessages, requestId: `asked-by-${member}` } };
      });
      const askAll = (app: TestApp) => Promise.all(asked.map(({ member, request }) => ask(app, member, request)));
      const answers = await askAll(world.first);
      for (const answer of answers) expect(answer).toHaveLength(maxMessages);
      const given = answers.filter((answer) => idsOf(answer).includes(dear.adGroupId)).length;
      expect(given).toBeGreaterThan(0);
      expect(given).toBeLessThanOrEqual(AFFORDED);
      expect(forget.mock.calls.length).toBeGreaterThanOrEqual(MEMBERS - given);
      // Nothing of its money is bound but by the messages that were given.
      let all = given;
      await eventually(async () => {
        for (const app of [world.first, world.second])
          all += idsOf(await ask(app, world.newMember(), {})).filter((id) => id === dear.adGroupId).length;
        return all === AFFORDED;
      }, 20_000);
      for (const app of [world.first, world.second]) expect(await askAll(app)).toEqual(answers);

      const budget = { totalMicros: 1_000 * PRICE };
      expect((await world.first.request('PATCH', `/v1/campaigns/${dear.campaignId}`, { budget })).status).toBe(200);
      await eventually(async () => idsOf(await ask(world.first, world.newMember(), {})).includes(dear.adGroupId));
      // Who was not given it has room for it; who was has not.
      for (const [i, { member }] of asked.entries()) {
        const wasGiven = idsOf(answers[i]!).includes(dear.adGroupId);
        expect(idsOf(await ask(world.first, member, { maxMessages })).includes(dear.adGroupId)).toBe(!wasGiven);
      }
      await stop(dear.campaignId);
    },
  );

  it('goes to the next, too, where the winner does not run any more', async () => {
    const dear = await sellDear(1_000 * PRICE);
    const index = world.first.app.get(LiveIndex, { strict: false });
    const get = index.get.bind(index);
    // Out of the index between its ranking and its hold.
    jest.spyOn(index, 'get').mockImplementationOnce((id) => {
      expect(id).toBe(dear.adGroupId);
      index.removeAdGroup(id);
      return get(id);
    });
    const answer = await ask(world.first, world.newMember(), { maxMessages: 1 });
    expect(answer).toHaveLength(1);
    expect(rich).toContain(idsOf(answer)[0]);
    await stop(dear.campaignId);
  });

  it('goes to whoever another process gives it to, which is asked for the decision once it is taken back', async () => {
    const dear = await sellDear(1_000 * PRICE);
    const member = world.newMember();
    const request = { maxMessages: 2, requestId: 'in-between' };
    jest.spyOn(bookOf(world.first), 'canPromise').mockReturnValueOnce(false);
    const store = exposureOf(world.first);
    const forget = store.forget.bind(store);
    let given: readonly Given[] = [];
    jest.spyOn(store, 'forget').mockImplementationOnce(async (...args) => {
      const isForgotten = await forget(...args);
      expect(isForgotten).toBe(true);
      given = await ask(world.second, member, request);
      return isForgotten;
    });
    const answer = await ask(world.first, member, request);
    expect(idsOf(given)[0]).toBe(dear.adGroupId);
    expect(given).toHaveLength(2);
    expect(answer).toEqual(given);
    await stop(dear.campaignId);
  });

  it('stays empty where another process has given its message meanwhile, whose hold stays', async () => {
    const dear = await sellDear(1_000 * PRICE);
    const member = world.newMember();
    const request = { maxMessages: 2, requestId: 'of-both' };
    const lacks = ({ record }: { readonly record: { readonly id: string } }) => record.id !== dear.adGroupId;
    const book = bookOf(world.first);
    const promise = book.promise.bind(book);
    jest.spyOn(book, 'canPromise').mockImplementation(lacks);
    jest.spyOn(book, 'promise').mockImplementation((message) => lacks(message) && promise(message));
    const store = exposureOf(world.first);
    const forget = store.forget.bind(store);
    let given: readonly Given[] = [];
    const outcomes: boolean[] = [];
    jest.spyOn(store, 'forget').mockImplementation(async (...args) => {
      given = await ask(world.second, member, request);
      const isForgotten = await forget(...args);
      outcomes.push(isForgotten);
      return isForgotten;
    });
    const answer = await ask(world.first, member, request);
    expect(outcomes).toEqual([false]);
    expect(idsOf(given)[0]).toBe(dear.adGroupId);
    expect(answer).toEqual(given.slice(1));
    jest.restoreAllMocks();
    for (const app of [world.first, world.second]) expect(await ask(app, member, request)).toEqual(answer);
    expect(idsOf(await ask(world.first, member, {}))).not.toContain(dear.adGroupId);
    await stop(dear.campaignId);
  });

  it('is not given without a promise, where Redis was cut off before it was taken back', async () => {
    const dear = await sellDear(1_000 * PRICE);
    const member = world.newMember();
    const request = { maxMessages: 2, requestId: 'cut-off' };
    const book = bookOf(world.first);
    const promise = book.promise.bind(book);
    jest.spyOn(book, 'canPromise').mockReturnValueOnce(false);
    jest
      .spyOn(book, 'promise')
      .mockImplementation((message) => message.record.id !== dear.adGroupId && promise(message));
    jest.spyOn(exposureOf(world.first), 'forget').mockRejectedValueOnce(new Error('cut off'));
    expect(await ask(world.first, member, request)).toEqual([]);
    const answer = await ask(world.first, member, request);
    expect(answer).toHaveLength(1);
    expect(rich).toContain(idsOf(answer)[0]);
    jest.restoreAllMocks();
    for (const app of [world.first, world.second]) expect(await ask(app, member, request)).toEqual(answer);
    await stop(dear.campaignId);
  });
});
