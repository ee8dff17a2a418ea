import { describe, expect, it } from '@jest/globals';
import { LogFacts } from './log-facts.js';
import { isGood, printSummary, summarize } from './replay-summary.js';
import type { ReplayOutcome } from './run-replay.js';
import { type Decision, Tally } from './tally.js';

function decision(messages: number, reason?: string): Decision {
  const message = { advertiserId: 'adv', adGroupId: 'adg', token: 't' };
  return {
    requestId: 'r',
    messages: Array(messages).fill(message) as Decision['messages'],
    ...(reason ? { noFill: { reason } } : {}),
  };
}

function outcome(tally: Tally, differences: readonly string[] = []): ReplayOutcome {
  const check = { differences, spend: new Map([['KRW', 1_500_000]]) };
  return { facts: new LogFacts(), tally, check, run: 1, isSimulated: true, playedMs: 2_000 };
}

describe('the summary of a replay', () => {
  it('adds up decisions, events, frequencies and latencies', () => {
    const tally = new Tally();
    for (let latency = 1; latency <= 100; latency++)
      tally.addDecision(decision(latency <= 90 ? 2 : 0, 'frequency_cap'), latency);
    for (const memberId of ['a', 'a', 'a', 'b']) {
      tally.addVerdict({ type: 'impression', memberId, adGroupId: 'x' }, { status: 'accepted' });
    }
    tally.addVerdict({ type: 'click', memberId: 'a', adGroupId: 'x' }, { status: 'accepted' });
    tally.addVerdict({ type: 'click', memberId: 'b', adGroupId: 'x' }, { status: 'duplicate' });
    tally.addVerdict({ type: 'click', memberId: 'b', adGroupId: 'x' }, { status: 'rejected', code: 'expired' });
    expect(summarize(outcome(tally))).toMatchObject({
      requests: 100,
      filled: 90,
      fillRate: 0.9,
      messagesADecision: 1.8,
      decisions: { 0: 10, 2: 90 },
      noFill: { frequency_cap: 10 },
      impressions: 4,
      clicks: 1,
      events: { accepted: 5, duplicate: 1, rejected: { expired: 1 } },
      frequency: { 1: 1, 3: 1 },
      spendMicros: { KRW: 1_500_000 },
      latencyMs: { p50: 50, p90: 90, p99: 99, max: 100 },
      requestsASecond: 50,
    });
  });

  it('is good only where no request failed and the reports equal the events', () => {
    expect(isGood(summarize(outcome(new Tally())))).toBe(true);
    expect(isGood(summarize(outcome(new Tally(), ['ad group x: 1 impressions sent, 0 reported'])))).toBe(false);
    const failed = new Tally();
    failed.addFailedRequest('match: 500 internal_error');
    expect(isGood(summarize(outcome(failed)))).toBe(false);
    const lost = new Tally();
    lost.addFailure('events: 500 internal_error');
    expect(isGood(summarize(outcome(lost)))).toBe(false);
  });

  it('prints what is wrong', () => {
    const tally = new Tally();
    tally.addFailedRequest('match: 500 internal_error');
    const printed = printSummary(summarize(outcome(tally, ['ad group x: 1 impressions sent, 0 reported'])));
    expect(printed).toContain('match: 500 internal_error');
    expect(printed).toContain('report equals events  no');
    expect(printed).toContain('ad group x: 1 impressions sent, 0 reported');
  });
});
