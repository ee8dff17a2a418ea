import { randomUUID } from 'node:crypto';

/** Longer than messages that nobody reported bind money: what is free after it, nobody can use. */
const CALM_MS = 90_000;
const MATCHES_A_REPORT = 10;

interface Message {
  readonly campaignId: string;
  readonly token: string;
}

export interface Counts {
  matches: number;
  messages: number;
  /** For long none of the campaigns was placed; otherwise time was over. */
  isCalm: boolean;
}

/** Clients that ask as fast as they are answered, and report all that they show; a share of it is clicked. */
export class FullRateClients {
  private readonly headers;

  constructor(
    private readonly options: {
      readonly urls: readonly string[];
      readonly key: string;
      readonly connections: number;
      readonly clickShare: number;
    },
  ) {
    this.headers = { authorization: `Bearer ${options.key}`, 'content-type': 'application/json' };
  }

  /** Until none of `campaignIds` is placed any more. */
  async run(mostMs: number, campaignIds: ReadonlySet<string>, onMessages: (count: number) => void): Promise<Counts> {
    const counts: Counts = { matches: 0, messages: 0, isCalm: false };
    const begun = performance.now();
    let lastPlaced = begun;
    const isOver = (): boolean => {
      const now = performance.now();
      counts.isCalm = now - lastPlaced > CALM_MS;
      return counts.isCalm || now - begun > mostMs;
    };
    const loops = this.options.urls.flatMap((url) =>
      Array.from({ length: this.options.connections }, async () => {
        while (!isOver()) {
          const shown: Message[] = [];
          for (let i = 0; i < MATCHES_A_REPORT && !isOver(); i++) {
            const messages = await this.match(url);
            counts.matches++;
            if (messages.some(({ campaignId }) => campaignIds.has(campaignId))) lastPlaced = performance.now();
            shown.push(...messages);
          }
          counts.messages += shown.length;
          onMessages(counts.messages);
          await this.report(url, shown);
        }
      }),
    );
    await Promise.all(loops);
    return counts;
  }

  private async match(url: string): Promise<readonly Message[]> {
    const request = { userId: randomUUID(), placement: 'chat_list', chatCount: 42, maxMessages: 3 };
    const { status, body } = await this.post(`${url}/v1/match`, request);
    if (status !== 200) throw new Error(`A match was answered by ${status}`);
    return (body as { messages: readonly Message[] }).messages;
  }

  private async report(url: string, shown: readonly Message[]): Promise<void> {
    if (shown.length === 0) return;
    const events = shown.flatMap(({ token }) => {
      const isClicked = Math.random() < this.options.clickShare;
      return [{ type: 'impression', token }, ...(isClicked ? [{ type: 'click', token }] : [])];
    });
    for (;;) {
      const { status } = await this.post(`${url}/v1/events`, { events });
      if (status === 202) return;
      if (status !== 503) throw new Error(`Events were answered by ${status}`);
    }
  }

  private async post(url: string, body: object): Promise<{ status: number; body: unknown }> {
    const response = await fetch(url, { method: 'POST', headers: this.headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  }
}
