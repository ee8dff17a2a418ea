import { setTimeout as pause } from 'node:timers/promises';

/**
 * The HTTP client of the commands. A call that may be repeated without harm (`idempotent`) is repeated when the server
 * is busy (503, 429: after the time that it asks for) or the connection breaks; any other fault is thrown as an
 * `ApiProblem` with what the server said, or as `ServerAway`.
 */
export interface ApiServer {
  /** Such as http://127.0.0.1:3000. */
  readonly url: string;
  readonly key: string;
  /** Calls under way at once in `each`; 8 unless told. */
  readonly concurrency?: number;
  /** Epoch ms, sent as `X-Simulated-Time` with each call; only a server with CLOCK=simulated takes it. */
  readonly time?: number;
}

export interface CallOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as NDJSON, one object a line. */
  readonly lines?: readonly object[];
  readonly idempotencyKey?: string;
  /** GET and PUT are, and whatever has an `idempotencyKey`; tell it of others. */
  readonly idempotent?: boolean;
}

export interface Answer<T> {
  readonly body: T;
  /** Above 1: an earlier attempt may have had its effect already. */
  readonly attempts: number;
  /** Epoch ms: the server's clock when it had answered, or up to a second later. */
  readonly servedAt: number;
}

interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

/** An answer of 4xx or 5xx: the problem document of RFC 9457. */
export class ApiProblem extends Error {
  constructor(
    call: string,
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly faults: readonly { readonly path: string; readonly message: string }[] = [],
  ) {
    const places = faults.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join('; ');
    super(`${call} was answered by ${status} ${code}: ${detail}${places === '' ? '' : ` [${places}]`}`);
    this.name = 'ApiProblem';
  }
}

/** Nobody answers at the address. */
export class ServerAway extends Error {
  constructor(url: string, cause: unknown) {
    super(
      `No Matchum answers at ${url} (${reasonOf(cause)}). Start it with \`npm start\`, or tell where it is by --url or MATCHUM_URL.`,
      { cause },
    );
    this.name = 'ServerAway';
  }
}

const MOST_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** An upload of some thousand lines on a slow machine stays well below it. */
const CALL_TIMEOUT_MS = 120_000;
const LIST_PAGE = 500;
const DEFAULT_CONCURRENCY = 8;

export class ApiClient {
  readonly concurrency: number;

  constructor(private readonly server: ApiServer) {
    this.concurrency = server.concurrency ?? DEFAULT_CONCURRENCY;
  }

  get url(): string {
    return this.server.url;
  }

  /** The same client, its calls made at a simulated time (epoch ms). */
  at(time: number): ApiClient {
    return new ApiClient({ ...this.server, time });
  }

  async get<T>(path: string): Promise<T> {
    return (await this.call<T>('GET', path)).body;
  }

  async post<T>(path: string, options: CallOptions = {}): Promise<T> {
    return (await this.call<T>('POST', path, options)).body;
  }

  /** The entries of all pages of a list. */
  async listAll<T>(path: string): Promise<readonly T[]> {
    const entries: T[] = [];
    const more = path.includes('?') ? '&' : '?';
    for (let cursor: string | null = ''; cursor !== null;) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page<T> = await this.get(`${path}${more}limit=${LIST_PAGE}${after}`);
      entries.push(...page.data);
      cursor = page.nextCursor;
    }
    return entries;
  }

  /** Works on the items in their order, at most `concurrency` at once; the first failure stops it. */
  async each<T>(items: Iterable<T> | AsyncIterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
    const iterator = iterate(items);
    let stopped = false;
    const worker = async (): Promise<void> => {
      while (!stopped) {
        const { done, value } = await iterator.next();
        if (done === true) return;
        await work(value);
      }
    };
    const guarded = (): Promise<void> =>
      worker().catch((error: unknown) => {
        stopped = true;
        throw error;
      });
    const ends = await Promise.allSettled(Array.from({ length: this.concurrency }, guarded));
    const failure = ends.find((end) => end.status === 'rejected');
    if (failure === undefined) return;
    await iterator.return(undefined);
    throw failure.reason;
  }

  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const mayRepeat =
      options.idempotent ?? (options.idempotencyKey !== undefined || method === 'GET' || method === 'PUT');
    const request = this.toRequest(method, options);
    for (let attempts = 1; ; attempts++) {
      const outcome = await this.attempt<T>(method, path, request);
      if (outcome.ok) return { body: outcome.body, attempts, servedAt: outcome.servedAt };
      if (!mayRepeat || outcome.retryAfterMs === null || attempts >= MOST_ATTEMPTS) throw outcome.error;
      await pause(Math.max(outcome.retryAfterMs, Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS)));
    }
  }

  private toRequest(method: string, { body, lines, idempotencyKey }: CallOptions): RequestInit {
    const { key, time } = this.server;
    const sent = lines === undefined ? body : lines.map((line) => JSON.stringify(line)).join('\n');
    const type = lines === undefined ? 'application/json' : 'application/x-ndjson';
    return {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(sent === undefined ? {} : { 'content-type': type }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...(time === undefined ? {} : { 'x-simulated-time': new Date(time).toISOString() }),
      },
      ...(sent === undefined ? {} : { body: lines === undefined ? JSON.stringify(sent) : (sent as string) }),
    };
  }

  private async attempt<T>(method: string, path: string, request: RequestInit): Promise<Attempt<T>> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.url + path, { ...request, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
      text = await response.text();
    } catch (error) {
      return { ok: false, error: new ServerAway(this.url, error), retryAfterMs: 0 };
    }
    if (response.ok) return { ok: true, body: readBody(text, response) as T, servedAt: servedAtOf(response) };
    const isBusy = response.status === 503 || response.status === 429;
    const retryAfterMs = isBusy ? secondsOf(response.headers.get('retry-after')) * 1000 : null;
    return { ok: false, error: toProblem(`${method} ${path}`, response.status, text), retryAfterMs };
  }
}

type Attempt<T> =
  | { readonly ok: true; readonly body: T; readonly servedAt: number }
  /** `retryAfterMs` null: trying again would change nothing. */
  | { readonly ok: false; readonly error: Error; readonly retryAfterMs: number | null };

/** NDJSON comes as a list of its lines' values. */
function readBody(text: string, response: Response): unknown {
  if (text === '') return null;
  const isNdjson = response.headers.get('content-type')?.includes('ndjson') === true;
  if (!isNdjson) return JSON.parse(text) as unknown;
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}

/** The header has whole seconds, rounded down. */
function servedAtOf({ headers }: Response): number {
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? Date.now() : date + 999;
}

function toProblem(call: string, status: number, text: string): ApiProblem {
  // What stands between this client and the server may answer in its own way.
  let problem: Partial<Record<'code' | 'detail', string>> & { errors?: ApiProblem['faults'] } = {};
  try {
    problem = (JSON.parse(text) ?? {}) as typeof problem;
  } catch {
    problem = { detail: text.slice(0, 200) };
  }
  const { code = 'unknown', detail = '', errors = [] } = problem;
  const hint = status === 401 ? ' Give the key by --key or ADMIN_KEY.' : '';
  return new ApiProblem(call, status, code, detail + hint, errors);
}

function secondsOf(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? 0);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), LONGEST_PAUSE_MS / 1000) : 0;
}

async function* iterate<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  for await (const item of items) yield item;
}

/** `fetch` says that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { readonly cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? message;
}
