import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CannotStart } from '../cannot-start.js';
import { findFreePort } from './free-port.js';
import type { ServerLog } from './server-log.js';
import type { ServerRecords } from './server-records.js';
import { type StopSteps, terminate } from './termination.js';

/** How one kind of server is started, asked and stopped. */
export interface ServerPlan {
  readonly name: 'postgres' | 'redis';
  readonly logFile: string;
  readonly stopSteps: StopSteps;
  /** Lines of its log after which another port, or a little later, may do better. */
  readonly passingFault: RegExp;
  command(port: number): Promise<ServerCommand>;
  /** False while it still starts; throws at what no waiting mends. */
  answers(port: number): Promise<boolean>;
}

export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The environment is the whole one: nothing is inherited. */
  readonly options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly uid?: number;
    readonly gid?: number;
  };
}

class ServerFailure extends CannotStart {
  constructor(
    message: string,
    readonly logTail = '',
  ) {
    super(message);
    this.name = 'ServerFailure';
  }
}

interface RunningServer {
  readonly child: ChildProcess;
  /** Tells how it ended; never rejects. */
  readonly ended: Promise<string>;
}

const POLL_MS = 25;
/** Recovery after a crash may have much to read; a server that lives but never answers is given up after this. */
const MOST_START_MS = 300_000;
const MOST_FIRST_ATTEMPTS = 12;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const SHORT_LIFE_MS = 10_000;
const LOG_TAIL_BYTES = 2_000;
const LONGEST_LOG_BYTES = 10_000_000;

/**
 * One server process kept running: when it ends on its own it is started again on the same port, with growing pauses,
 * until it answers. Invariant: `stop` wins over every restart; after it no process of this server is left.
 */
export class SupervisedServer {
  private readonly stopping = new AbortController();
  private current: RunningServer | null = null;
  private supervision: Promise<void> = Promise.resolve();
  private chosenPort = 0;

  constructor(
    private readonly plan: ServerPlan,
    private readonly records: ServerRecords,
    private readonly log: ServerLog,
  ) {}

  get port(): number {
    return this.chosenPort;
  }

  /** Starts it on a free port; resolves when it answers. */
  async start(): Promise<void> {
    process.on('exit', this.endWithProcess);
    for (let attempt = 1; ; attempt += 1) {
      this.chosenPort = await findFreePort();
      try {
        const running = await this.launch();
        this.supervision = this.supervise(running);
        return;
      } catch (error) {
        const passing = error instanceof ServerFailure && this.plan.passingFault.test(error.logTail);
        if (!passing || attempt === MOST_FIRST_ATTEMPTS) throw error;
        await this.pause(attempt);
      }
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.endCurrent();
    await this.supervision;
    process.off('exit', this.endWithProcess);
    await this.records.remove(this.plan.name);
  }

  private async supervise(first: RunningServer): Promise<void> {
    let shortLives = 0;
    for (let running: RunningServer | null = first; running !== null; running = await this.relaunch()) {
      const answeredAt = performance.now();
      const end = await running.ended;
      if (this.stopping.signal.aborted) return;
      this.log.error({ server: this.plan.name, end }, 'An embedded server ended on its own; starting it again');
      shortLives = performance.now() - answeredAt < SHORT_LIFE_MS ? shortLives + 1 : 0;
      // Once is an accident, which clients should notice as little as possible; a series would burn the machine.
      if (shortLives > 1) await this.pause(shortLives);
    }
  }

  /** Null when stopped meanwhile. */
  private async relaunch(): Promise<RunningServer | null> {
    for (let attempt = 1; !this.stopping.signal.aborted; attempt += 1) {
      try {
        const running = await this.launch();
        this.log.info({ server: this.plan.name, attempt }, 'The embedded server answers again');
        return running;
      } catch (error) {
        if (this.stopping.signal.aborted) return null;
        const reason = error instanceof Error ? error.message : String(error);
        this.log.error(
          { server: this.plan.name, attempt, reason },
          'The embedded server did not come back; trying again',
        );
        await this.pause(attempt);
      }
    }
    return null;
  }

  private async launch(): Promise<RunningServer> {
    await endOverlongLog(this.plan.logFile);
    const { file, args, options } = await this.plan.command(this.chosenPort);
    const logHandle = await open(this.plan.logFile, 'a', 0o600);
    try {
      const logStart = (await logHandle.stat()).size;
      this.stopping.signal.throwIfAborted();
      // Detached: Ctrl-C goes to the whole foreground group, and the servers must outlive the product's draining.
      const child = spawn(file, args, { ...options, detached: true, stdio: ['ignore', logHandle.fd, logHandle.fd] });
      const running = { child, ended: endOf(child) };
      this.current = running;
      if (child.pid !== undefined) await this.records.put(this.plan.name, child.pid);
      await this.untilAnswers(running, logStart);
      return running;
    } catch (error) {
      await this.endCurrent();
      throw error;
    } finally {
      await logHandle.close();
    }
  }

  private async untilAnswers(running: RunningServer, logStart: number): Promise<void> {
    const end: { how: string | null } = { how: null };
    void running.ended.then((how) => (end.how = how));
    const deadline = performance.now() + MOST_START_MS;
    while (end.how === null) {
      if (await this.plan.answers(this.chosenPort)) return;
      this.stopping.signal.throwIfAborted();
      if (performance.now() > deadline)
        throw new ServerFailure(`${this.plan.name} did not answer in time; see ${this.plan.logFile}`);
      await Promise.race([delay(POLL_MS), running.ended]);
    }
    this.stopping.signal.throwIfAborted();
    const tail = await logTail(this.plan.logFile, logStart);
    throw new ServerFailure(
      `${this.plan.name} ended while starting (${end.how}); ${this.plan.logFile} ends with:\n${tail}`,
      tail,
    );
  }

  private async endCurrent(): Promise<void> {
    if (this.current === null) return;
    const { child, ended } = this.current;
    await terminate(
      (signal) => child.kill(signal),
      ended.then(() => undefined),
      this.plan.stopSteps,
    );
  }

  /** The last resort, when the process ends without `stop`. */
  private readonly endWithProcess = (): void => {
    this.current?.child.kill(this.plan.stopSteps[0].signal);
  };

  private async pause(attempt: number): Promise<void> {
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

async function logTail(path: string, from: number): Promise<string> {
  const written = (await readFile(path)).subarray(from);
  return written
    .subarray(Math.max(0, written.length - LOG_TAIL_BYTES))
    .toString('utf8')
    .trim();
}

/** Two files at most: the log and the one before. */
async function endOverlongLog(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LONGEST_LOG_BYTES) await rename(path, `${path}.1`);
}
