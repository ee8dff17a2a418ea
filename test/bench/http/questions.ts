/** What is asked over HTTP, of whom, and on how many connections. */
import { memberId } from './seed.js';
import type { ServerProcess } from './server-process.js';

export const KEY = 'mk_admin_of_the_benchmark';
export const HEADERS = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

/** A server and one of its paths. */
export interface Subject {
  readonly name: string;
  readonly server: ServerProcess;
  readonly path: string;
  /** 1, or the length of a batch. */
  readonly matchesARequest: number;
  /** At the closed loop. */
  readonly connections: number;
  /** It decides, so that its decisions have outcomes. */
  readonly isProduct: boolean;
}

export class Questions {
  /** `members`: how many of those seeded ask, in turn. */
  constructor(readonly members: number) {}

  match(i: number): object {
    const context = {
      os: i % 2 === 0 ? 'android' : 'ios',
      osVersion: '14.0',
      appVersion: '3.2',
      carrier: 'SKT',
      deviceType: 'phone',
      language: 'ko',
      country: 'KR',
      region: `KR-${11 + (i % 17)}`,
      timeZone: 'Asia/Seoul',
    };
    return { userId: memberId(i % this.members), placement: 'chat_list', chatCount: 42, maxMessages: 3, context };
  }

  /** Body of a request that begins at the i-th match. */
  body(i: number, matchesARequest: number): string {
    if (matchesARequest === 1) return JSON.stringify(this.match(i));
    return JSON.stringify({ requests: Array.from({ length: matchesARequest }, (_, j) => this.match(i + j)) });
  }

  someMember(): number {
    return Math.floor(Math.random() * this.members);
  }
}
