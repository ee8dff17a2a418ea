import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

const CLOCK_TICKS_A_SECOND = 100;
const READY_WITHIN_MS = 180_000;

/** A server under load in a process of its own, pinned to one core where the machine allows. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(
    command: readonly string[],
    { port, path, core, env = {} }: { port: number; path: string; core: number | null; env?: Record<string, string> },
  ): Promise<ServerProcess> {
    const [file = '', ...args] = core === null ? command : ['taskset', '-c', String(core), ...command];
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } });
    const server = new ServerProcess(child, `http://127.0.0.1:${port}`);
    const end = performance.now() + READY_WITHIN_MS;
    while (performance.now() < end && child.exitCode === null) {
      const status = await fetch(`${server.url}${path}`).then(
        (response) => response.status,
        () => 0,
      );
      // A bare server has no such path, but it answers.
      if (status === 200 || (status === 404 && path === '/')) return server;
      await pause(100);
    }
    throw new Error(`${command.join(' ')} did not get ready`);
  }

  /** Seconds of CPU that the process has used, its kernel time included. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.child.pid}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return ((user ?? 0) + (system ?? 0)) / CLOCK_TICKS_A_SECOND;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}
