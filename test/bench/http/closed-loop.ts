/** As many matches as a server answers: each connection asks for members of its own, one request after the other. */
import autocannon from 'autocannon';
import type { OnProgress } from '../../../src/commands/progress.js';
import type { LoadFigures } from './load-figures.js';
import type { OutcomeTally } from './outcomes.js';
import { HEADERS, type Questions, type Subject } from './questions.js';

export interface ClosedLoop {
  readonly name: string;
  /** The round whose rate is the middle one, with the failures of all rounds. */
  readonly middle: LoadFigures;
  readonly rounds: readonly LoadFigures[];
}

async function load(subject: Subject, questions: Questions, seconds: number): Promise<LoadFigures> {
  const { server, path, matchesARequest, connections } = subject;
  const share = Math.max(1, Math.floor(questions.members / connections / matchesARequest));
  let next = questions.someMember();
  const body = (): string => {
    const from = next;
    next += matchesARequest;
    return questions.body(from, matchesARequest);
  };
  const cpuBefore = await server.cpuSeconds();
  const result = await autocannon({
    url: `${server.url}${path}`,
    method: 'POST',
    headers: HEADERS,
    connections,
    duration: seconds,
    setupClient: (client) =>
      client.setRequests(
        Array.from({ length: share }, () => ({ method: 'POST', path, headers: HEADERS, body: body() })),
      ),
  });
  const cpu = (await server.cpuSeconds()) - cpuBefore;
  const matches = result['2xx'] * matchesARequest;
  return {
    matchesASecond: matches / result.duration,
    cpuUs: (cpu * 1e6) / matches,
    p50: result.latency.p50,
    p99: result.latency.p99,
    p999: result.latency.p99_9,
    failed: result.non2xx + result.errors,
  };
}

/** All subjects in turn; the round before the first warms up (code, caches, exposure state) and does not count. */
export async function closedLoop(
  subjects: readonly Subject[],
  questions: Questions,
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
  { tally, onProgress }: { readonly tally: OutcomeTally; readonly onProgress: OnProgress },
): Promise<ClosedLoop[]> {
  const seen = subjects.map(() => [] as LoadFigures[]);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, subject] of subjects.entries()) {
      const run = (): Promise<LoadFigures> => load(subject, questions, seconds);
      if (round === 0) await run();
      else seen[i]!.push(await tally.during(`closed loop, ${subject.name}`, subject, run));
      onProgress('Closed loop', round, rounds);
    }
  }
  return subjects.map(({ name }, i) => ({ name, middle: middleOf(seen[i]!), rounds: seen[i]! }));
}

function middleOf(rounds: readonly LoadFigures[]): LoadFigures {
  const ordered = [...rounds].sort((a, b) => a.matchesASecond - b.matchesASecond);
  const failed = rounds.reduce((sum, round) => sum + round.failed, 0);
  return { ...ordered[Math.floor(rounds.length / 2)]!, failed };
}
