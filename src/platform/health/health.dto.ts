import { ApiProperty } from '@nestjs/swagger';
import { OneOf } from '../http/fields.js';

const STATUS = { description: 'Always `ok`: what is not well has another status code' };

export class LivenessDto {
  @OneOf(['ok'], STATUS)
  status!: string;
}

export class ReadinessDto {
  @OneOf(['ok'], STATUS)
  status!: string;

  @ApiProperty({
    description: 'What was looked at, by name; all of it works',
    type: 'object',
    additionalProperties: { type: 'boolean' },
    example: { postgres: true, redis: true, index: true, leases: true },
  })
  checks!: Readonly<Record<string, boolean>>;
}
