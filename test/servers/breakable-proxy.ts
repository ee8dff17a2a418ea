import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between the product and a server, and takes that server away: at once (`cut`) or without a word (`hang`). */
export class BreakableProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;
  private hanging = false;

  private constructor(
    private readonly target: URL,
    private readonly port: number,
  ) {}

  static async before(targetUrl: string): Promise<BreakableProxy> {
    const probe = await listen(createServer(), 0);
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const proxy = new BreakableProxy(new URL(targetUrl), port);
    await proxy.mend();
    return proxy;
  }

  /** The target's address by way of the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  /** Connections break, new ones are refused. */
  async cut(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Nothing that is sent arrives, and no answer comes; connections stay open. */
  hang(): void {
    this.hanging = true;
    for (const socket of this.sockets) socket.pause();
  }

  async mend(): Promise<void> {
    this.hanging = false;
    for (const socket of this.sockets) socket.resume();
    this.server ??= await listen(
      createServer((client) => this.join(client)),
      this.port,
    );
  }

  private join(client: Socket): void {
    const upstream = connect(Number(this.target.port), this.target.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (data) => to.write(data));
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.hanging) from.pause();
    }
  }
}

function listen(server: Server, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
