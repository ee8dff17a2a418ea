import { ApiProperty } from '@nestjs/swagger';

/** One wrong place in a request, as the documentation shows it. */
export class FieldErrorDto {
  @ApiProperty({
    description: 'The place in the body, or the name of the query field or header; empty: the body as a whole',
    example: 'adGroups[2].targeting.all[0]',
  })
  path!: string;

  @ApiProperty({ description: 'What would be right', example: 'is not a known segment' })
  message!: string;
}

/** The one form of all errors (RFC 9457, application/problem+json), as the documentation shows it. */
export class ProblemDto {
  @ApiProperty({ description: 'Always `about:blank`: `code` tells the kind', example: 'about:blank' })
  type!: string;

  @ApiProperty({ description: "The status's name", example: 'Unprocessable Content' })
  title!: string;

  @ApiProperty({ description: 'HTTP status code', example: 422, type: 'integer' })
  status!: number;

  @ApiProperty({ description: 'The kind of error for programs; it stays the same', example: 'invalid_request' })
  code!: string;

  @ApiProperty({
    description: 'What to do about it, for people',
    example: 'The request has invalid fields; see errors.',
  })
  detail!: string;

  @ApiProperty({ description: 'The wrong fields; empty where no single field is at fault', type: [FieldErrorDto] })
  errors!: readonly FieldErrorDto[];
}
