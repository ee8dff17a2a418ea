/**
 * What is to go wrong in a run, and when: a pure function of the seed and the length. Faults are dealt from a shuffled deck
 * that holds every kind, so that no kind stays out for long; they may overlap, as they do in life.
 */
import { SeededRandom } from '../../src/commands/seeded-random.js';

export const PROCESS_NAMES = ['api-1', 'api-2', 'worker-1', 'worker-2'] as const;
export type ProcessName = (typeof PROCESS_NAMES)[number];

export const SERVER_NAMES = ['postgres', 'redis'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/**
 * - kill: `kill -9`; a process is started again after `lastsMs`, a server can't be reached for so long
 * - forget: the same for Redis, whose file is removed, so that it comes back empty
 * - flush: FLUSHALL
 * - freeze: SIGSTOP, and SIGCONT after `lastsMs`
 * - cut: the connections of one process to one server break, and new ones are refused
 * - hang: what they send does not arrive, without a word
 */
export type FaultCard =
  | { readonly kind: 'kill'; readonly target: ProcessName | ServerName }
  | { readonly kind: 'forget' | 'flush'; readonly target: 'redis' }
  | { readonly kind: 'freeze'; readonly target: ProcessName | 'redis' }
  | { readonly kind: 'cut' | 'hang'; readonly target: ProcessName; readonly server: ServerName };

export type Fault = FaultCard & {
  /** From the start of the load. */
  readonly atMs: number;
  /** 0 where it is over at once. */
  readonly lastsMs: number;
};

export interface RunLength {
  readonly seed: number;
  readonly seconds: number;
}

/** The load begins and ends undisturbed. */
const QUIET_MS = 3_000;
const SHORTEST_GAP_MS = 1_500;
const LONGEST_GAP_MS = 6_000;
const SHORTEST_MS = 300;
const LONGEST_MS = 5_000;

/** In the order of time. */
export function planFaults({ seed, seconds }: RunLength): readonly Fault[] {
  const random = new SeededRandom(`chaos ${seed}`);
  const faults: Fault[] = [];
  let deck: FaultCard[] = [];
  const gap = (): number => random.whole(SHORTEST_GAP_MS, LONGEST_GAP_MS);
  for (let atMs = QUIET_MS; atMs <= seconds * 1000 - QUIET_MS; atMs += gap()) {
    if (deck.length === 0) deck = dealDeck(random);
    const card = deck.pop();
    if (card === undefined) break;
    faults.push({ ...card, atMs, lastsMs: card.kind === 'flush' ? 0 : random.whole(SHORTEST_MS, LONGEST_MS) });
  }
  return faults;
}

function dealDeck(random: SeededRandom): FaultCard[] {
  const connection = () => ({ target: random.pick(PROCESS_NAMES), server: random.pick(SERVER_NAMES) });
  const cards: FaultCard[] = [
    ...[...PROCESS_NAMES, ...SERVER_NAMES].map((target) => ({ kind: 'kill', target }) as const),
    ...[...PROCESS_NAMES, 'redis' as const].map((target) => ({ kind: 'freeze', target }) as const),
    { kind: 'forget', target: 'redis' },
    { kind: 'flush', target: 'redis' },
    { kind: 'cut', ...connection() },
    { kind: 'cut', ...connection() },
    { kind: 'hang', ...connection() },
  ];
  return random.sample(cards, cards.length);
}

/** As people read it. */
export function describeFault(fault: Fault): string {
  const seconds = `${(fault.lastsMs / 1000).toFixed(1)} s`;
  switch (fault.kind) {
    case 'kill':
      return `kill -9 ${fault.target}, back after ${seconds}`;
    case 'forget':
      return `kill -9 redis, its file removed, back after ${seconds}`;
    case 'flush':
      return 'FLUSHALL';
    case 'freeze':
      return `freeze ${fault.target} for ${seconds}`;
    case 'cut':
      return `cut ${fault.target} off ${fault.server} for ${seconds}`;
    case 'hang':
      return `nothing gets through between ${fault.target} and ${fault.server} for ${seconds}`;
  }
}
