import { Flag, Instant, Nested, NestedList, Text, TextList, Whole } from '../../platform/http/fields.js';
import { ApiProperty } from '@nestjs/swagger';

const MOST = Number.MAX_SAFE_INTEGER;

export class AuditFigureDto {
  @Text({ description: 'What it counts, with its unit', example: 'oldest, seconds', max: 100 })
  name!: string;

  @ApiProperty({ type: Number, description: 'The figure', example: 0.2 })
  value!: number;
}

export class AuditCheckDto {
  @Text({ description: 'Stable name of the check', example: 'balances', max: 100 })
  name!: string;

  @Text({ description: 'What must hold', example: 'each prepaid balance is what the ledger says', max: 500 })
  rule!: string;

  @Whole({ description: 'How many things were looked at', example: 50, min: 0, max: MOST })
  checked!: number;

  @Whole({ description: 'How many of them break the rule', example: 0, min: 0, max: MOST })
  breaches!: number;

  @TextList({
    description: 'Two of the breaches at the most, in words',
    example: [],
    max: 2,
    pattern: /./,
    form: 'a text',
  })
  examples!: readonly string[];

  @Nested(() => AuditFigureDto, { description: 'A further figure of this check, if it has one', nullable: true })
  figure!: AuditFigureDto | null;
}

export class AuditDto {
  @Instant({ description: 'The time of the audit, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  asOf!: string;

  @Flag({ description: 'Whether no rule is broken', example: true })
  isSound!: boolean;

  @NestedList(() => AuditCheckDto, { description: 'One entry for each check', max: 100 })
  checks!: readonly AuditCheckDto[];
}
