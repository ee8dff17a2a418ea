import { readFileSync } from 'node:fs';
import type { Redis, Result } from 'ioredis';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    holdMessages(key: string, request: string, candidates: string): Result<string, Context>;
    holdMessages(
      key: string,
      request: string,
      candidates: string,
      rebuilt: string,
      usableUntil: number,
    ): Result<string, Context>;
    /** How many keys, the keys, and what follows in the script's header. */
    confirmImpressions(keys: number, ...rest: (string | number | Buffer)[]): Result<number, Context>;
    releaseMessages(key: string, epoch: string, released: string): Result<number, Context>;
    forgetDecision(key: string, epoch: string, forgotten: string): Result<number, Context>;
    peekExposure(key: string, epoch: string, from: number): Result<string, Context>;
    beginEpoch(
      key: string,
      over: string,
      id: string,
      quarantinedUntil: number,
      runId: string,
      isDurable: string,
    ): Result<number, Context>;
  }
}

/** Adds the scripts beside this file as commands; what they take and answer is told in their headers. */
export function defineExposureScripts(redis: Redis): void {
  const scripts = {
    holdMessages: 'hold.lua',
    confirmImpressions: 'confirm.lua',
    releaseMessages: 'release.lua',
    forgetDecision: 'forget.lua',
    peekExposure: 'peek.lua',
    beginEpoch: 'begin-epoch.lua',
  };
  for (const [command, file] of Object.entries(scripts)) {
    const lua = file === 'begin-epoch.lua' ? read(file) : read('state.lua') + read(file);
    redis.defineCommand(command, file === 'confirm.lua' ? { lua } : { numberOfKeys: 1, lua });
  }
}

function read(file: string): string {
  return readFileSync(new URL(`./${file}`, import.meta.url), 'utf8');
}

export const EPOCH_KEY = 'matchum:exposure-epoch';

/** All keys of one member share a hash tag, so that they live on one node of a Redis Cluster. */
export function exposureKey(memberId: string): string {
  return `matchum:exposure:{${memberId}}`;
}
