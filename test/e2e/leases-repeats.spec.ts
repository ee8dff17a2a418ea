import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type CostlyMessage, ExposureStore, LeaseBook } from '../../src/delivery/delivery.api.js';
import { LiveIndex } from '../../src/serving/upkeep/live-index.js';
import type { TestApp } from '../servers/test-app.js';
import { createAdvertiser, createServingCampaign, match, untilKnown } from './fixtures.js';
import { BID, LeaseWorld, PRICE, WON } from './lease-world.js';

/** A message as it was given. */
interface Given {
  readonly adGroupId: string;
  readonly token: string;
}

describe('a decision that is asked for again', () => {
  let world: LeaseWorld;
  /** The first of each decision, with a cap of one message for ever. */
  let capped: string;
  let other: string;
  let member: string;
  let asked: { readonly requestId: string };

  beforeAll(async () => {
    world = await LeaseWorld.start();
    other = (await world.sell({ totalMicros: 400 * PRICE })).adGroupId;
    const advertiserId = await createAdvertiser(world.first, {}, 1_000_000 * WON);
    const caps = { frequencyCaps: [{ limit: 1, window: 'lifetime' }] };
    const bid = { ...BID, amountMicros: 6_000 * WON };
    capped = (await createServingCampaign(world.first, advertiserId, caps, { bid })).adGroupId;
    for (const app of [world.first, world.second]) await untilKnown(app, capped, world.time());
  });

  beforeEach(() => {
    member = world.newMember();
    asked = { requestId: `asked-by-${member}` };
    // What can't be given is withheld, as where there is no time for another decision.
    jest.spyOn(exposureOf(world.first), 'forget').mockResolvedValue(false);
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  afterAll(() => world.close());

  async function ask(app: TestApp, request: object = asked): Promise<readonly Given[]> {
    const { status, body } = await match(app, member, request, world.time());
    expect(status).toBe(200);
    return (body.messages as Given[]).map(({ adGroupId, token }) => ({ adGroupId, token }));
  }

  const idsOf = (messages: readonly Given[]) => messages.map(({ adGroupId }) => adGroupId);

  /** The ad groups whose messages this process has promised since, in turn; `lacking` can't be paid for. */
  function watchPromises(app: TestApp, lacking: string | null = null): readonly string[] {
    const book = app.app.get(LeaseBook, { strict: false });
    const promise = book.promise.bind(book);
    const canPromise = book.canPromise.bind(book);
    const promised: string[] = [];
    jest
      .spyOn(book, 'canPromise')
      .mockImplementation((message) => message.record.id !== lacking && canPromise(message));
    jest.spyOn(book, 'promise').mockImplementation((message: CostlyMessage) => {
      const isPaid = message.record.id !== lacking && promise(message);
      if (isPaid) promised.push(message.record.id);
      return isPaid;
    });
    return promised;
  }

  const exposureOf = (app: TestApp) => app.app.get(ExposureStore, { strict: false });

  /** Redis takes the hold of the next decision, and nobody hears of it. */
  function loseNextAnswer(): void {
    const store = exposureOf(world.first);
    const hold = store.hold.bind(store);
    jest.spyOn(store, 'hold').mockImplementationOnce(async (request) => {
      await hold(request);
      throw new Error('no answer');
    });
  }

  /** The capped one, by whoever is asked again; its cap is free for other decisions. */
  async function expectLackedForEver(): Promise<void> {
    const answer = await ask(world.first);
    jest.restoreAllMocks();
    expect(idsOf(answer)).toEqual([other]);
    expect(await ask(world.first)).toEqual(answer);
    expect(await ask(world.second)).toEqual(answer);
    expect(idsOf(await ask(world.first, {}))).toContain(capped);
  }

  it('lacks for ever what could not be paid for when it was made; the member’s cap is free', async () => {
    watchPromises(world.first, capped);
    await expectLackedForEver();
  });

  it('lacks for ever what did not run when it was made; the member’s cap is free', async () => {
    const index = world.first.app.get(LiveIndex, { strict: false });
    const get = index.get.bind(index);
    jest.spyOn(index, 'get').mockImplementation((id) => (id === capped ? null : get(id)));
    await expectLackedForEver();
  });

  it('does not overtake the release of what can’t be paid for', async () => {
    const store = exposureOf(world.first);
    const release = store.release.bind(store);
    let releasing = 0;
    jest.spyOn(store, 'release').mockImplementation(async (...args) => {
      releasing += 1;
      // Longer than it takes to ask again.
      await setTimeout(300);
      await release(...args);
      releasing -= 1;
    });
    watchPromises(world.first, capped);
    const first = ask(world.first);
    while (releasing === 0) await setTimeout(1);
    jest.spyOn(world.first.app.get(LeaseBook, { strict: false }), 'promise').mockReturnValue(true);
    // The first is still under way.
    const answers = [await ask(world.first), await first];
    expect(releasing).toBe(0);
    answers.push(await ask(world.first));
    for (const answer of answers) expect(idsOf(answer)).toEqual([other]);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('is promised then, where nobody heard that it was held', async () => {
    loseNextAnswer();
    const promised = watchPromises(world.first);
    expect(await ask(world.first)).toEqual([]);
    expect(promised).toEqual([]);
    const answer = await ask(world.first);
    expect(idsOf(answer)).toEqual([capped, other]);
    expect(promised).toEqual([capped, other]);
    // Once is enough.
    expect(await ask(world.first)).toEqual(answer);
    expect(promised).toEqual([capped, other]);
  });

  it('lacks what can’t be paid for then; its hold stays, since another process may have given it', async () => {
    loseNextAnswer();
    expect(await ask(world.first)).toEqual([]);
    watchPromises(world.first, capped);
    const answer = await ask(world.first);
    jest.restoreAllMocks();
    expect(idsOf(answer)).toEqual([other]);
    expect(await ask(world.first)).toEqual(answer);
    expect(await ask(world.second)).toEqual(answer);
    expect(idsOf(await ask(world.first, {}))).toEqual([other]);
  });

  it('is not given without a promise, where Redis was cut off before the release', async () => {
    const release = jest.spyOn(exposureOf(world.first), 'release').mockRejectedValueOnce(new Error('cut off'));
    const promised = watchPromises(world.first, capped);
    expect(await ask(world.first)).toEqual([]);
    expect(release).toHaveBeenCalledTimes(1);
    expect(idsOf(await ask(world.first))).toEqual([other]);
    expect(promised).toEqual([other, other]);
    jest.restoreAllMocks();
    for (const app of [world.first, world.second]) expect(idsOf(await ask(app))).toEqual([other]);
  });

  it('is promised by another process too, once, and given where that can’t', async () => {
    const answer = await ask(world.first);
    expect(idsOf(answer)).toEqual([capped, other]);
    const promised = watchPromises(world.second, capped);
    for (let i = 0; i < 2; i++) expect(await ask(world.second)).toEqual(answer);
    expect(promised).toEqual([other]);
  });
});
