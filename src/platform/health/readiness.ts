import { Injectable } from '@nestjs/common';
import { withinTime } from '../within-time.js';

/** What must work before a load balancer sends traffic here; each part of the product adds its own check. */
@Injectable()
export class Readiness {
  private readonly checks = new Map<string, () => Promise<boolean> | boolean>();

  register(name: string, check: () => Promise<boolean> | boolean): void {
    this.checks.set(name, check);
  }

  /** Each check by name; one that throws or takes longer than `timeoutMs` has failed. */
  async examine(timeoutMs: number): Promise<Readonly<Record<string, boolean>>> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await passes(check, timeoutMs)] as const),
    );
    return Object.fromEntries(results);
  }
}

async function passes(check: () => Promise<boolean> | boolean, timeoutMs: number): Promise<boolean> {
  try {
    return await withinTime((async () => check())(), timeoutMs, () => false);
  } catch {
    return false;
  }
}
