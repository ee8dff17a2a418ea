import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { CannotStart } from '../cannot-start.js';
import { keptPassword } from './kept-password.js';
import { findRedisBinary } from './redis-binary.js';
import { ownLauncher, type ServerLauncher } from './server-launcher.js';
import type { ServerCommand, ServerPlan } from './supervised-server.js';
import type { StopSteps } from './termination.js';

export interface RedisOptions {
  readonly dataDir: string;
  /** Keeps every write in an append-only file before it is answered; without it the data ends with the process. */
  readonly appendOnly: boolean;
  /** How many numbered databases it has. */
  readonly databases: number;
}

const ANSWER_MS = 2_000;

/**
 * A Redis (or Valkey) of the product's own under `<dataDir>/redis`: loopback only. Its password is in a configuration
 * file for the owner only, never on the command line, where every user of the machine could read it.
 */
export class RedisServer implements ServerPlan {
  readonly name = 'redis';
  readonly logFile: string;
  readonly stopSteps: StopSteps = [{ signal: 'SIGTERM', patienceMs: 30_000 }];
  readonly passingFault = /Address already in use|Failed listening on port/;

  private constructor(
    private readonly binary: string,
    private readonly launcher: ServerLauncher,
    private readonly password: string,
    private readonly directory: string,
    private readonly options: RedisOptions,
  ) {
    this.logFile = join(options.dataDir, 'redis.log');
  }

  static async prepare(options: RedisOptions): Promise<RedisServer> {
    const binary = await findRedisBinary();
    if (binary === null) {
      throw new CannotStart(
        'No redis-server or valkey-server was found on the PATH. Run `npm run setup`, which installs one or names the ' +
          'command that does, or set REDIS_URL to a Redis of your own.',
      );
    }
    const directory = join(options.dataDir, 'redis');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const password = await keptPassword(join(options.dataDir, 'redis-password'));
    return new RedisServer(binary, await ownLauncher('SIGTERM'), password, directory, options);
  }

  async command(port: number): Promise<ServerCommand> {
    const configFile = join(this.directory, 'redis.conf');
    await writeFile(configFile, this.config(port), { mode: 0o600 });
    const [file = '', ...args] = [...this.launcher.prefix, this.binary, configFile];
    return { file, args, options: { cwd: this.directory, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } } };
  }

  async answers(port: number): Promise<boolean> {
    const reply = await ask(port, `AUTH ${this.password}\r\nPING\r\n`);
    if (/^-(WRONGPASS|ERR invalid password)/.test(reply))
      throw new CannotStart('The embedded Redis refuses its own password.');
    // While it still reads its append-only file, it takes the password but answers PING with -LOADING.
    return reply.endsWith('+PONG\r\n');
  }

  url(port: number): string {
    return `redis://:${this.password}@127.0.0.1:${port}/0`;
  }

  private config(port: number): string {
    return [
      'bind 127.0.0.1',
      `port ${port}`,
      `requirepass ${this.password}`,
      `dir ${JSON.stringify(this.directory)}`,
      `databases ${this.options.databases}`,
      'daemonize no',
      // Bull's queues and exposure state must not be thrown out when memory is short: writes fail instead.
      'maxmemory-policy noeviction',
      'save ""',
      `appendonly ${this.options.appendOnly ? 'yes' : 'no'}`,
      // Otherwise a restart may lose what was answered, and all that was held is waited for.
      'appendfsync always',
      '',
    ].join('\n');
  }
}

/** What the server sends to these inline commands, up to two lines; nothing when it cannot be reached. */
function ask(port: number, commands: string): Promise<string> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(commands));
    socket.setEncoding('latin1');
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on('data', (chunk: string) => {
      reply += chunk;
      if (reply.startsWith('-') || reply.split('\r\n').length > 2) socket.destroy();
    });
    // Any fault means the same here, no answer yet, and is always followed by close.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(reply));
  });
}
