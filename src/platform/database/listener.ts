import { Client } from 'pg';
import { PollLoop } from '../poll-loop.js';

const RECONNECT_PAUSE_MS = 200;
/** As for the pool's connections: a server that does not answer is tried anew. */
const CONNECT_TIMEOUT_MS = 2_000;
/** A server that hangs leaves its sockets open; only an answer tells that it is there. */
const HEARTBEAT_MS = 300;
const ANSWER_TIMEOUT_MS = 500;

export interface ListenerOptions {
  readonly databaseUrl: string;
  /** A plain name, written into SQL as it is. */
  readonly channel: string;
  readonly onNotification: (payload: string) => void;
  /** Listening has begun, at first or anew: what was announced before may have been missed. */
  readonly onConnected: () => void;
}

/** Listens on one channel of Postgres for as long as it runs, and knows whether it hears anything. */
export class Listener {
  private readonly loop: PollLoop;
  private stopListening: () => void = () => undefined;
  private answeredAt = -Infinity;

  constructor(private readonly options: ListenerOptions) {
    this.loop = new PollLoop(`Listener ${options.channel}`, RECONNECT_PAUSE_MS, () => this.listen());
  }

  /** False where a notification may have been missed; then it is not longer than this ago that it was true. */
  get isHearing(): boolean {
    return performance.now() - this.answeredAt < HEARTBEAT_MS + ANSWER_TIMEOUT_MS;
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    const stopped = this.loop.stop();
    this.stopListening();
    await stopped;
  }

  /** Ends by an error when the connection is lost; the loop then connects again. */
  private async listen(): Promise<void> {
    const client = new Client({
      connectionString: this.options.databaseUrl,
      application_name: `matchum-${this.options.channel}`,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
    });
    const lost = new Promise<never>((_, reject) => {
      this.stopListening = () => {
        // Also where it is still being connected.
        client.connection.stream.destroy();
        reject(new Error('the connection was lost'));
      };
      client.once('end', this.stopListening);
      // More than one may come, and one that nobody takes would end the process.
      client.on('error', (error) => {
        reject(error);
        this.stopListening();
      });
    });
    // It may be lost while nobody waits for it.
    lost.catch(() => undefined);
    try {
      await client.connect();
      client.on('notification', ({ payload }) => this.options.onNotification(payload ?? ''));
      await client.query(`LISTEN ${this.options.channel}`);
      this.loop.succeeded();
      this.options.onConnected();
      for (;;) {
        const asked = performance.now();
        await client.query('SELECT');
        this.answeredAt = asked;
        await Promise.race([lost, pause(HEARTBEAT_MS)]);
      }
    } finally {
      this.answeredAt = -Infinity;
      // Without a goodbye: a server that hangs would leave the socket open, and with it the process.
      client.connection.stream.destroy();
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
