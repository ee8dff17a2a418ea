import { Client } from 'pg';
import { type AuditCheck, type CheckResult, toSummarySql } from './audit-check.js';
import { BUDGET_CHECKS } from './budget-checks.js';
import { readCapChecks } from './cap-check.js';
import { EVENT_CHECKS } from './event-checks.js';
import { LEDGER_CHECKS } from './ledger-checks.js';
import { readLoadChecks } from './load-check.js';
import { checkMembers } from './member-impressions.js';
import { OVER_DELIVERY_CHECK } from './over-delivery-check.js';
import { TRIGGER_CHECKS } from './trigger-checks.js';

/** Some minutes for each pass over the events of a busy month; a server that hangs is given up. */
const STATEMENT_TIMEOUT_MS = 10 * 60_000;
const CONNECT_TIMEOUT_MS = 5_000;

export interface AuditOptions {
  /** Epoch ms: the time of the audit, for what is a matter of age. */
  readonly now: number;
  readonly onProgress?: (step: string, done: number, total: number) => void;
  /** Gives the audit up: it then rejects as when the database goes away. */
  readonly signal?: AbortSignal;
}

/**
 * Checks on a database what must hold always. It reads one snapshot, so that settlements that go on meanwhile change
 * nothing, on a connection of its own, writes nothing and locks nothing.
 */
export async function runAudit(databaseUrl: string, options: AuditOptions): Promise<readonly CheckResult[]> {
  const client = new Client({
    connectionString: databaseUrl,
    application_name: 'matchum-audit',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + CONNECT_TIMEOUT_MS,
  });
  // Without a listener, a connection that breaks between two statements would end the process; the next one reports it.
  client.on('error', () => undefined);
  const giveUp = (): void => void client.end();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query(`SELECT set_config('matchum.audited_at', $1, true)`, [new Date(options.now).toISOString()]);
    return await checkAll(client, options.onProgress ?? (() => undefined));
  } finally {
    // The signal may live as long as the process, and would keep the client.
    options.signal?.removeEventListener('abort', giveUp);
    // Ends the transaction too.
    await client.end();
  }
}

async function checkAll(
  client: Client,
  onProgress: NonNullable<AuditOptions['onProgress']>,
): Promise<readonly CheckResult[]> {
  const checks = [...LEDGER_CHECKS, ...BUDGET_CHECKS, OVER_DELIVERY_CHECK, ...EVENT_CHECKS, ...TRIGGER_CHECKS];
  const results: CheckResult[] = [];
  for (const check of checks) {
    onProgress('Checks', results.length, checks.length);
    results.push(await runCheck(client, check));
  }
  onProgress('Checks', checks.length, checks.length);
  const ofMembers = [...(await readCapChecks(client)), ...(await readLoadChecks(client))];
  const caps = await checkMembers(client, ofMembers, (done, total) => onProgress('Impressions', done, total));
  return [...results, ...caps];
}

interface SummaryRow {
  readonly checked: number;
  readonly breaches: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly value: number | null;
}

async function runCheck(client: Client, check: AuditCheck): Promise<CheckResult> {
  const { rows } = await client.query<SummaryRow>(toSummarySql(check));
  const { checked = 0, breaches = 0, first = null, last = null, value = 0 } = rows[0] ?? {};
  return {
    name: check.name,
    rule: check.rule,
    checked,
    breaches,
    examples: [...new Set([first, last])].filter((example) => example !== null),
    figure: check.figure === undefined ? null : { name: check.figure.name, value: value ?? 0 },
  };
}
