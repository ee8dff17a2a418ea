import { Inject, Injectable } from '@nestjs/common';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import type { AuditDto } from './audit.dto.js';
import { runAudit } from './run-audit.js';

/** One audit at a time: who asks while one runs gets that one's answer, since it reads whole tables. */
@Injectable()
export class AuditsService {
  private running: Promise<AuditDto> | null = null;

  constructor(@Inject(RUNTIME_CONFIG) private readonly config: RuntimeConfig) {}

  audit(now: number): Promise<AuditDto> {
    this.running ??= this.run(now).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async run(now: number): Promise<AuditDto> {
    const checks = await runAudit(this.config.databaseUrl, { now });
    const isSound = checks.every(({ breaches }) => breaches === 0);
    return { asOf: new Date(now).toISOString(), isSound, checks };
  }
}
