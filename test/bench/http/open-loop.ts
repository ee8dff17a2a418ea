/** Requests at fixed intervals, whether or not those before are answered (no coordinated omission). */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { OnProgress } from '../../../src/commands/progress.js';
import type { LoadFigures } from './load-figures.js';
import type { OutcomeTally } from './outcomes.js';
import { HEADERS, type Questions, type Subject } from './questions.js';

const SOCKETS = 64;
/** Of what the single route answers at most, in matches. */
const OFFERED_SHARES = [0.25, 0.5, 0.75, 0.9];

export interface OpenLoopStep extends LoadFigures {
  readonly name: string;
  readonly share: number;
  /** Matches a second. */
  readonly offered: number;
  readonly worstP99: number;
}

/** `rate`: requests a second. */
async function send(
  url: string,
  { rate, total }: { readonly rate: number; readonly total: number },
  bodyOf: (i: number) => string,
): Promise<{ readonly latencies: number[]; readonly failed: number; readonly seconds: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  const latencies: number[] = [];
  let failed = 0;
  const start = performance.now();
  const dueAt = (i: number): number => start + (i * 1_000) / rate;
  const sendOne = (i: number): void => {
    const body = bodyOf(i);
    const headers = { ...HEADERS, 'content-length': String(Buffer.byteLength(body)) };
    let isOver = false;
    const end = (isAnswered: boolean): void => {
      if (isOver) return;
      isOver = true;
      if (isAnswered) latencies.push(performance.now() - dueAt(i));
      else failed++;
    };
    const call = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().once('close', () => end(response.complete && response.statusCode === 200));
    });
    call.once('error', () => end(false));
    call.end(body);
  };
  for (let sent = 0; sent < total;) {
    while (sent < total && dueAt(sent) <= performance.now()) sendOne(sent++);
    await pause(Math.max(0, Math.floor(dueAt(sent) - performance.now())));
  }
  while (latencies.length + failed < total) await pause(5);
  const seconds = (performance.now() - start) / 1_000;
  agent.destroy();
  return { latencies: latencies.sort((a, b) => a - b), failed, seconds };
}

async function load(
  { server, path, matchesARequest }: Subject,
  questions: Questions,
  { offered, seconds }: { readonly offered: number; readonly seconds: number },
): Promise<LoadFigures> {
  const first = questions.someMember();
  const rate = offered / matchesARequest;
  const cpuBefore = await server.cpuSeconds();
  const sent = await send(`${server.url}${path}`, { rate, total: Math.max(1, Math.round(rate * seconds)) }, (i) =>
    questions.body(first + i * matchesARequest, matchesARequest),
  );
  const cpu = (await server.cpuSeconds()) - cpuBefore;
  const { latencies, failed } = sent;
  const matches = latencies.length * matchesARequest;
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN;
  return {
    matchesASecond: matches / sent.seconds,
    cpuUs: (cpu * 1e6) / matches,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    failed,
  };
}

/** Each step offers all subjects the same matches a second. */
export async function openLoop(
  subjects: readonly Subject[],
  questions: Questions,
  { capacity, seconds, rounds }: { readonly capacity: number; readonly seconds: number; readonly rounds: number },
  { tally, onProgress }: { readonly tally: OutcomeTally; readonly onProgress: OnProgress },
): Promise<OpenLoopStep[]> {
  const steps = OFFERED_SHARES.flatMap((share) =>
    subjects.map((subject) => ({
      share,
      subject,
      offered: Math.round(capacity * share),
      seen: [] as LoadFigures[],
    })),
  );
  for (let round = 0; round < rounds; round++) {
    for (const [i, { share, subject, offered, seen }] of steps.entries()) {
      const run = (): Promise<LoadFigures> => load(subject, questions, { offered, seconds });
      seen.push(await tally.during(`open loop at ${share}, ${subject.name}`, subject, run));
      onProgress('Open loop', round * steps.length + i + 1, rounds * steps.length);
    }
  }
  return steps.map(({ share, subject, offered, seen }) => {
    // A queue that one slow second of the machine left behind is one round's, not the server's: the worst is told beside.
    const ordered = [...seen].sort((a, b) => a.p99 - b.p99);
    const worstP99 = ordered.at(-1)?.p99 ?? NaN;
    const failed = seen.reduce((sum, round) => sum + round.failed, 0);
    return { name: subject.name, share, offered, worstP99, ...ordered[Math.floor(seen.length / 2)]!, failed };
  });
}
