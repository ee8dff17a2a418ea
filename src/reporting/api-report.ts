import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  type ApiQueryOptions,
  getSchemaPath,
} from '@nestjs/swagger';
import { MAX_FILTER_VALUES } from './parse-report-request.js';
import { DEFAULT_METRICS, DIMENSIONS, FILTERS, GRANULARITIES, MAX_ROWS, METRICS, MOST_DAYS } from './report-request.js';
import { ReportDto } from './report.dto.js';

/** How the API's documentation describes `GET /v1/reports`. */
const TIME_FORM = 'A time with a zone or a date of `timeZone`; a whole quarter of an hour';
const EXAMPLES = { advertiser: 'adv', campaign: 'cmp', adGroup: 'adg', creative: 'crv' };

const PARAMETERS: readonly ApiQueryOptions[] = [
  { name: 'from', description: `Start, included. ${TIME_FORM}`, schema: { type: 'string' }, example: '2026-11-01' },
  {
    name: 'to',
    required: true,
    description:
      `End, excluded. ${TIME_FORM}. At most ${MOST_DAYS.hour} days after \`from\` by hour, ${MOST_DAYS.day} by day, ` +
      `${MOST_DAYS.total} in total`,
    schema: { type: 'string' },
    example: '2026-12-01',
  },
  {
    name: 'timeZone',
    required: false,
    description: 'IANA time zone of hours, days and dates',
    schema: { type: 'string', default: 'UTC' },
    example: 'Asia/Seoul',
  },
  {
    name: 'granularity',
    required: false,
    description: 'One row an hour or a day, or one in total',
    schema: { type: 'string', enum: [...GRANULARITIES], default: 'total' },
    example: 'day',
  },
  list('dimensions', 'What to break the numbers down by; absent: nothing', {
    items: { type: 'string', enum: Object.keys(DIMENSIONS) },
    uniqueItems: true,
    example: ['campaign'],
  }),
  list('metrics', 'What to show', {
    items: { type: 'string', enum: [...METRICS] },
    uniqueItems: true,
    default: [...DEFAULT_METRICS],
    example: [...DEFAULT_METRICS],
  }),
  ...Object.keys(FILTERS).map((name) => {
    const prefix = EXAMPLES[name.replace(/Id$/, '') as keyof typeof EXAMPLES];
    const example = prefix === undefined ? 'chat_list' : `${prefix}_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6`;
    const description = `Only these ids, ${MAX_FILTER_VALUES} at most. Ids that are unknown, or not yours, have no rows`;
    return list(name, description, { items: { type: 'string' }, maxItems: MAX_FILTER_VALUES, example: [example] });
  }),
];

function list(name: string, description: string, schema: object): ApiQueryOptions {
  return {
    name,
    required: false,
    description: `${description}; separated by commas`,
    schema: { type: 'array', minItems: 1, ...schema },
    style: 'form',
    explode: false,
  };
}

export function ApiReport(): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(ReportDto),
    ApiOperation({
      summary: 'Report impressions, clicks, spend and over-delivery',
      description:
        'From settled events, by hour, day or in total in any time zone; each event counts when it happened. JSON, or CSV with ' +
        '`Accept: text/csv` (RFC 4180 with a header line; a cell that a spreadsheet would take for a formula starts with an ' +
        `apostrophe). At most ${MAX_ROWS} rows. An advertiser's key sees its own rows only.`,
    }),
    ...PARAMETERS.map((parameter) => ApiQuery(parameter)),
    ApiOkResponse({
      description: 'The report.',
      headers: {
        'x-as-of': { description: '`asOf` of the report', schema: { type: 'string', format: 'date-time' } },
        'x-is-final': { description: '`isFinal` of the report', schema: { type: 'boolean' } },
      },
      content: {
        'application/json': { schema: { $ref: getSchemaPath(ReportDto) } },
        'text/csv': {
          schema: { type: 'string' },
          example: 'time,campaign,impressions\r\n2026-11-22T00:00:00+09:00,cmp_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6,1200\r\n',
        },
      },
    }),
  );
}
