import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessName, ServerName } from './fault-plan.js';
import type { Link } from './link.js';
import type { Interval, TimeLine } from './time-line.js';

/** Starts the product with this environment and nothing else. */
export type LaunchProduct = (env: Readonly<Record<string, string>>, stdio: StdioOptions) => ChildProcess;

export interface ProcessPlan {
  readonly name: ProcessName;
  readonly port: number;
  readonly logFile: string;
  readonly env: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<ServerName, Link>>;
  readonly launch: LaunchProduct;
}

const POLL_MS = 50;
const PROBE_MS = 1_000;
/** What ends on its own, such as a start without Postgres, is started again after this. */
const RESTART_MS = 300;

/** One process of the product, started again whenever it has ended, as a supervisor does. */
export class SupervisedProcess {
  /** When it was not there or frozen: from before the blow until it answers again. */
  readonly disturbances: Interval[] = [];
  /** Ends that nobody had ordered, of a process that had answered before. */
  readonly ownEnds: string[] = [];
  private child: ChildProcess | null = null;
  private ended: Promise<void> = Promise.resolve();
  private isUp = false;
  private isStopping = false;
  private isKilled = false;
  private restartMs = RESTART_MS;

  constructor(
    readonly plan: ProcessPlan,
    private readonly timeLine: TimeLine,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.plan.port}`;
  }

  /** Resolves when it answers for the first time. */
  async start(): Promise<void> {
    await this.launch();
    await this.untilUp();
  }

  kill(restartMs: number): void {
    this.disturb();
    this.isKilled = true;
    this.restartMs = restartMs;
    this.child?.kill('SIGKILL');
  }

  async freeze(lastsMs: number): Promise<void> {
    const { child } = this;
    const interval = { from: Date.now(), to: Infinity };
    this.disturbances.push(interval);
    child?.kill('SIGSTOP');
    await pause(lastsMs);
    child?.kill('SIGCONT');
    interval.to = Date.now();
  }

  async isReady(): Promise<boolean> {
    return this.isUp && (await this.answers('/health/ready'));
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.child?.kill('SIGCONT');
    this.child?.kill('SIGTERM');
    const killing = setTimeout(() => this.child?.kill('SIGKILL'), 20_000);
    await this.ended;
    clearTimeout(killing);
  }

  private async launch(): Promise<void> {
    const log = await open(this.plan.logFile, 'a');
    try {
      if (this.isStopping) return;
      this.isKilled = false;
      const child = this.plan.launch(this.plan.env, ['ignore', log.fd, log.fd]);
      this.child = child;
      this.ended = once(child, 'exit').then(([code, signal]) => this.onEnd(String(signal ?? `exit code ${code}`)));
    } finally {
      await log.close();
    }
  }

  private onEnd(how: string): void {
    if (this.isStopping) return;
    const { name } = this.plan;
    if (!this.isKilled && this.isUp) {
      this.disturb();
      this.ownEnds.push(`${name} ended on its own: ${how}`);
    }
    this.timeLine.note(`${name} ended (${how})`);
    this.isUp = false;
    const restartMs = this.restartMs;
    this.restartMs = RESTART_MS;
    void this.restart(restartMs);
  }

  private async restart(afterMs: number): Promise<void> {
    await pause(afterMs);
    if (this.isStopping) return;
    await this.launch();
    const { child } = this;
    await this.untilUp();
    if (this.isUp && child === this.child) this.timeLine.note(`${this.plan.name} is up again`);
  }

  /** Gives up when this child has ended; whoever follows it waits anew. */
  private async untilUp(): Promise<void> {
    const { child } = this;
    while (!this.isStopping && child === this.child && child?.exitCode === null && child.signalCode === null) {
      if (await this.answers('/health/live')) {
        this.isUp = true;
        for (const interval of this.disturbances) interval.to = Math.min(interval.to, Date.now());
        return;
      }
      await pause(POLL_MS);
    }
  }

  private disturb(): void {
    this.disturbances.push({ from: Date.now(), to: Infinity });
  }

  private async answers(path: string): Promise<boolean> {
    try {
      const response = await fetch(this.url + path, { signal: AbortSignal.timeout(PROBE_MS) });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }
}
