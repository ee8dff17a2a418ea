import { runAudit } from '../../delivery/audit/run-audit.js';
import { type CommandDescription, type CommandOptions, connect, runCommand } from '../command-line.js';
import { ProgressDisplay } from '../progress.js';
import { type AuditLine, printAudit } from './print-audit.js';

const DESCRIPTION: CommandDescription = {
  usage: 'npm run audit',
  summary:
    'Checks what must always hold, on a running instance or right on its database: that ledger, balances, budgets, events\n' +
    'and reports agree, and that nobody saw more than caps and load rules allow. It reads one snapshot and changes nothing.\n' +
    'Exits with 1 when a rule is broken.',
  options: {
    database: { value: 'URL', text: 'read this database itself; default: ask the instance at --url' },
    json: { text: 'print what was found as JSON' },
  },
};

async function audit(options: CommandOptions): Promise<number> {
  const database = options.text('database');
  const lines = database === null ? await askInstance(options) : await readDatabase(database);
  process.stdout.write(options.isSet('json') ? `${JSON.stringify(lines, null, 2)}\n` : printAudit(lines));
  return lines.some(({ breaches }) => breaches > 0) ? 1 : 0;
}

async function askInstance(options: CommandOptions): Promise<readonly AuditLine[]> {
  const client = await connect(options, process.env);
  const { checks } = await client.get<{ checks: readonly AuditLine[] }>('/v1/ops/audit');
  return checks;
}

async function readDatabase(url: string): Promise<readonly AuditLine[]> {
  const progress = new ProgressDisplay();
  try {
    return await runAudit(url, { now: Date.now(), onProgress: progress.report });
  } finally {
    progress.stop();
  }
}

process.exitCode = await runCommand(DESCRIPTION, process.argv.slice(2), audit);
