import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import type { AuditDto } from './audit.dto.js';
import { runAudit } from './run-audit.js';

/** One audit at a time: who asks while one runs gets that one's answer, since it reads whole tables. */
@Injectable()
export class AuditsService implements OnApplicationShutdown {
  private running: Promise<AuditDto> | null = null;
  private readonly stopping = new AbortController();

  constructor(@Inject(RUNTIME_CONFIG) private readonly config: RuntimeConfig) {}

  audit(now: number): Promise<AuditDto> {
    this.running ??= this.run(now).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  /** An audit that nobody waits for any more must not keep the process. */
  onApplicationShutdown(): void {
    this.stopping.abort();
  }

  private async run(now: number): Promise<AuditDto> {
    const checks = await runAudit(this.config.databaseUrl, { now, signal: this.stopping.signal });
    const isSound = checks.every(({ breaches }) => breaches === 0);
    return { asOf: new Date(now).toISOString(), isSound, checks };
  }
}
