import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient } from '../api-client.js';
import { DEMO_MEMBER } from './demo-member.js';
import { runDemo } from './run-demo.js';

/** How far the demo of an embedded database has come; absent: not begun. */
type Mark = 'begun' | 'filled' | null;

const SERVES_TIMEOUT_MS = 15_000;
const WARM_UP_MATCHES = 20;

export interface EmbeddedDatabase {
  /** Of the product that runs on it. */
  readonly url: string;
  readonly adminKey: string;
  readonly dataDir: string;
  /** True when this start made it: what is remembered of another one, whose files are gone, does not count. */
  readonly isNew: boolean;
}

/**
 * Fills an embedded database that has nothing in it with the demo, or goes on where an earlier start was cut off. Answers
 * whether the demo is there; then its first member can be matched at once.
 */
export async function fillDemo({ url, adminKey, dataDir, isNew }: EmbeddedDatabase): Promise<boolean> {
  const client = new ApiClient({ url, key: adminKey });
  const path = join(dataDir, 'demo');
  const mark = isNew ? null : await readMark(path);
  if (mark === null && !(await isEmpty(client))) return false;
  if (mark !== 'filled') {
    process.stdout.write('Filling the empty database with the demo…\n');
    await writeFile(path, 'begun');
    await runDemo(client);
    await writeFile(path, 'filled');
  }
  await untilServed(client);
  return true;
}

async function readMark(path: string): Promise<Mark> {
  try {
    return (await readFile(path, 'utf8')) === 'filled' ? 'filled' : 'begun';
  } catch {
    return null;
  }
}

async function isEmpty(client: ApiClient): Promise<boolean> {
  // Members can't be listed, but what they are interested in can.
  for (const list of ['/v1/advertisers', '/v1/segments']) {
    const { data } = await client.get<{ data: readonly unknown[] }>(`${list}?limit=1`);
    if (data.length > 0) return false;
  }
  return true;
}

/** What was just created is known to the index a moment later. It may also never serve again: budgets end. */
async function untilServed(client: ApiClient): Promise<void> {
  const deadline = performance.now() + SERVES_TIMEOUT_MS;
  const body = { userId: DEMO_MEMBER, placement: 'chat_list', chatCount: 42, limit: 1 };
  while (performance.now() < deadline) {
    const { counts } = await client.post<{ counts: { placed: number } }>('/v1/match/explain', { body });
    if (counts.placed > 0) return warmUp(client);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The first matches of a process are slower than its deadline may allow; a newcomer's first one shall not be among them. */
async function warmUp(client: ApiClient): Promise<void> {
  for (let i = 0; i < WARM_UP_MATCHES; i++) {
    const body = { userId: `demo-warm-up-${i}`, placement: 'chat_list', chatCount: 42 };
    await client.post('/v1/match', { body });
  }
}
