import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';

/** What breaks which check of caps and load rules in the audited world. */
export const LIMIT_BREACHES: readonly (readonly [check: string, how: string, sql: string])[] = [
  ['campaign-caps', 'one member who saw it all', `UPDATE events SET member_id = 'one'`],
  ['ad-group-caps', 'one member who saw it all', `UPDATE events SET member_id = 'one'`],
  ['creative-caps', 'a message seen 1 ms before its day begins', sooner('creative-1', 'occurred_at')],
  ['advertiser-caps', 'a message seen 1 ms before the hour is over', sooner('advertiser-2', 'occurred_at')],
  ['placement-caps', 'a message seen 1 ms before its day begins in UTC', sooner('placement-1', 'occurred_at')],
  ['member-load', 'a message seen 1 ms before 24 hours are over', sooner('member-load-2', 'occurred_at')],
  ['member-gaps', 'a message decided 1 ms before the gap is over', sooner('member-gap-1', 'decided_at')],
  ['advertiser-load', 'a message seen 1 ms before 24 hours are over', sooner('advertiser-load-2', 'occurred_at')],
  ['advertiser-gaps', 'a message decided 1 ms before the gap is over', sooner('advertiser-gap-2', 'decided_at')],
];

function sooner(messageId: string, column: 'occurred_at' | 'decided_at'): string {
  return `UPDATE events SET ${column} = ${column} - interval '1 millisecond' WHERE message_id = '${messageId}.1'`;
}

/** Works on a copy of the world to which `sql` was done with its triggers off. */
export async function corruptedCopy<T>(
  world: TestDatabase,
  sql: string,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const copy = await createTestDatabase(new URL(world.url).pathname.slice(1));
  try {
    await corrupt(copy.url, sql);
    return await work(copy.url);
  } finally {
    await copy.drop();
  }
}

async function corrupt(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SET session_replication_role = replica; ${sql}`);
  } finally {
    await client.end();
  }
}
