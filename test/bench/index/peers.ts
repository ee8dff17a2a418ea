/** The same matching by what one could take instead: a plain loop, json-logic-js, sift, and Postgres. */
import { createRequire } from 'node:module';
import jsonLogic from 'json-logic-js';
import type { Candidate, Scored } from '../../../src/core/index/candidate.js';
import { score } from '../../../src/core/index/candidate.js';
import { firstFailure } from '../../../src/core/index/first-failure.js';
import type { MatchRequest, MoneySnapshot } from '../../../src/core/index/match-request.js';
import { rankOrder } from '../../../src/core/auction/rank-order.js';
import type { Predicate, Targeting } from '../../../src/core/targeting/expression.js';

/** What a general rule engine gets to see of a member. */
function factsOf({ subject }: MatchRequest): object {
  return {
    ...subject,
    interests: Object.fromEntries([...subject.interests].map(([id, weight]) => [id.replaceAll('.', '_'), weight])),
  };
}

type Matcher = (facts: object) => boolean;

/** Ranks by the product's own scores those whose targeting another engine lets pass. */
export class RuleEngine {
  private readonly matchers: readonly (readonly [Candidate, Matcher])[];

  constructor(candidates: Iterable<Candidate>, compile: (targeting: Targeting) => Matcher) {
    this.matchers = [...candidates].map((candidate) => [candidate, compile(candidate.record.targeting)]);
  }

  top(request: MatchRequest, money: MoneySnapshot, limit: number): readonly Scored[] {
    const facts = factsOf(request);
    const passed = this.matchers.filter(([, matches]) => matches(facts)).map(([candidate]) => candidate);
    return passed
      .filter((candidate) => firstFailure(candidate, request, money) === null)
      .map((candidate) => score(candidate, request, money))
      .sort(rankOrder(request.seed))
      .slice(0, limit);
  }
}

export function byJsonLogic(targeting: Targeting): Matcher {
  const rule = toJsonLogic(targeting);
  return (facts) => jsonLogic.apply(rule as Parameters<typeof jsonLogic.apply>[0], facts) === true;
}

/** Its types describe another module format than the one that it comes in. */
const sift = createRequire(import.meta.url)('sift') as (query: object) => Matcher;

export function bySift(targeting: Targeting): Matcher {
  return sift(toMongo(targeting));
}

const key = (id: string): string => `interests.${id.replaceAll('.', '_')}`;

function toJsonLogic(targeting: Targeting): unknown {
  switch (targeting.kind) {
    case 'all':
      return targeting.of.length === 0 ? true : { and: targeting.of.map(toJsonLogic) };
    case 'any':
      return targeting.of.length === 0 ? false : { or: targeting.of.map(toJsonLogic) };
    case 'not':
      return { '!': [toJsonLogic(targeting.of)] };
    case 'segments':
      return {
        or: targeting.ids.map((id) => ({
          and: [{ '>': [{ var: [key(id), 0] }, 0] }, { '>=': [{ var: [key(id), 0] }, targeting.minWeight] }],
        })),
      };
    case 'age':
      return {
        and: [{ '>=': [{ var: 'age' }, targeting.min ?? 0] }, { '<=': [{ var: 'age' }, targeting.max ?? 999] }],
      };
    case 'oneOf':
      return { in: [{ var: targeting.field }, targeting.values] };
    default:
      throw notMeasured(targeting);
  }
}

function toMongo(targeting: Targeting): object {
  switch (targeting.kind) {
    case 'all':
      return targeting.of.length === 0 ? {} : { $and: targeting.of.map(toMongo) };
    case 'any':
      return { $or: targeting.of.map(toMongo) };
    case 'not':
      return { $nor: [toMongo(targeting.of)] };
    case 'segments':
      return { $or: targeting.ids.map((id) => ({ [key(id)]: { $gt: 0, $gte: targeting.minWeight } })) };
    case 'age':
      return { age: { $gte: targeting.min ?? 0, $lte: targeting.max ?? 999 } };
    case 'oneOf':
      return { [targeting.field]: { $in: targeting.values } };
    default:
      throw notMeasured(targeting);
  }
}

function notMeasured({ kind }: Predicate): Error {
  return new Error(`The market has no predicates of kind '${kind}'`);
}
