import type { Client } from 'pg';
import {
  type AuditedRules,
  countGapBreaches,
  countLoadBreaches,
  type PlacedImpression,
  toAuditedRules,
} from '../../core/auction/load-breaches.js';
import { groupBy } from '../../platform/group-by.js';
import type { CheckResult } from './audit-check.js';
import { type KeptLimit, keptLimitOf, toHistory } from './kept-limits.js';
import { type CountedColumn, type MemberCheck, type MemberImpression } from './member-impressions.js';

/** A load rule of placements: how much of all messages, or of one advertiser's, they give a member. */
interface LoadRule {
  readonly name: string;
  readonly rule: string;
  /** The column of `placements`. */
  readonly column: string;
  readonly isPerAdvertiser: boolean;
  readonly count: (impressions: readonly PlacedImpression[], rules: AuditedRules) => number;
}

const RULES: readonly LoadRule[] = [
  {
    name: 'member-load',
    rule: 'no member saw more messages in any 24 hours than the placement of the last decision allows',
    column: 'max_per_member_per_day',
    isPerAdvertiser: false,
    count: countLoadBreaches,
  },
  {
    name: 'member-gaps',
    rule: 'between two decisions for a member that were seen lies the least time that the later one’s placement asks for',
    column: 'min_gap_seconds',
    isPerAdvertiser: false,
    count: countGapBreaches,
  },
  {
    name: 'advertiser-load',
    rule: 'no member saw more of one advertiser in any 24 hours than the placement of the last decision allows',
    column: 'max_per_advertiser_per_day',
    isPerAdvertiser: true,
    count: countLoadBreaches,
  },
  {
    name: 'advertiser-gaps',
    rule:
      'between two decisions for a member that showed one advertiser lies the least time that the later one’s placement ' +
      'asks for',
    column: 'min_advertiser_gap_seconds',
    isPerAdvertiser: true,
    count: countGapBreaches,
  },
];

/** A check for each load rule: each decision is judged by the rule of its time. */
export async function readLoadChecks(client: Client): Promise<readonly MemberCheck[]> {
  const checks: MemberCheck[] = [];
  for (const rule of RULES) checks.push(new LoadCheck(rule, await readRules(client, rule)));
  return checks;
}

class LoadCheck implements MemberCheck {
  private checked = 0;
  private breaches = 0;
  private readonly examples: string[] = [];

  constructor(
    private readonly rule: LoadRule,
    private readonly rules: AuditedRules,
  ) {}

  get columns(): readonly CountedColumn[] {
    if (this.rules.of.size === 0) return [];
    return this.rule.isPerAdvertiser ? ['placement', 'advertiser_id'] : ['placement'];
  }

  add(impressions: readonly MemberImpression[]): void {
    if (!this.rule.isPerAdvertiser) {
      this.judge('a member', impressions);
      return;
    }
    for (const [id, own] of groupBy(impressions, (impression) => impression.advertiser_id)) this.judge(id, own);
  }

  result(): CheckResult {
    const { name, rule } = this.rule;
    const { checked, breaches, examples } = this;
    return { name, rule, checked, breaches, examples, figure: null };
  }

  /** Member ids stay out of what is printed and logged. */
  private judge(what: string, impressions: readonly PlacedImpression[]): void {
    const judged = impressions.find(({ placement }) => this.rules.of.has(placement));
    if (judged === undefined) return;
    this.checked += 1;
    const broken = this.rule.count(impressions, this.rules);
    this.breaches += broken;
    if (broken === 0 || this.examples.length === 2) return;
    this.examples.push(`${what}, in ${judged.placement} and others: ${broken} times`);
  }
}

interface RuleRow extends KeptLimit {
  readonly id: string;
}

async function readRules(client: Client, { column }: LoadRule): Promise<AuditedRules> {
  const { columns, from } = keptLimitOf('placements', column);
  const { rows } = await client.query<RuleRow>(`SELECT x.id, ${columns} FROM ${from}`);
  const histories = rows.map((row) => [row.id, toHistory(row, Number)] as const);
  return toAuditedRules(new Map(histories.filter(([, history]) => history.length > 0)));
}
