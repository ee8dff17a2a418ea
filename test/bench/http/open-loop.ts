import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const SOCKETS = 64;

export interface OpenLoopFigures {
  /** ms, from the time at which a request was due, so that a slow server can't slow the questions down. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly failed: number;
}

/** Sends requests at fixed intervals, whether or not those before are answered (no coordinated omission). */
export async function openLoop(
  url: string,
  options: { readonly rate: number; readonly seconds: number; readonly headers: Record<string, string> },
  bodyOf: (i: number) => string,
): Promise<OpenLoopFigures> {
  const { rate, seconds, headers } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  const latencies: number[] = [];
  const total = Math.round(rate * seconds);
  let failed = 0;
  let answered = 0;
  const start = performance.now();
  const dueAt = (i: number): number => start + (i * 1_000) / rate;
  const send = (i: number): void => {
    const body = bodyOf(i);
    const length = String(Buffer.byteLength(body));
    const call = request(
      url,
      { method: 'POST', agent, headers: { ...headers, 'content-length': length } },
      (response) => {
        if (response.statusCode !== 200) failed++;
        response.resume().once('end', () => {
          latencies.push(performance.now() - dueAt(i));
          answered++;
        });
      },
    );
    call.once('error', () => {
      failed++;
      answered++;
    });
    call.end(body);
  };
  for (let sent = 0; sent < total;) {
    while (sent < total && dueAt(sent) <= performance.now()) send(sent++);
    await pause(Math.max(0, Math.floor(dueAt(sent) - performance.now())));
  }
  while (answered < total) await pause(5);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), failed };
}
