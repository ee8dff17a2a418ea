import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ProblemDto } from './problem.dto.js';
import { ROLES_EXTENSION } from './route-access.js';

/**
 * The API's documentation, made from the code: `/docs` for people, `/docs-json` for programs. What holds for every
 * operation (errors, who may call) is added here, so that no controller repeats it.
 */
const DESCRIPTION = `
Matchum picks the sponsored messages that go into a messenger's chat list.

- JSON in UTF-8, camelCase. Times are ISO 8601 in UTC. Ids are opaque strings.
- Money is in whole micros of the advertiser's currency: ₩1 is 1,000,000.
- \`HEAD\` is answered as \`GET\` is, without the body.
- Unknown fields, filters and combinations are refused, never ignored.
- Errors are problem documents (RFC 9457, \`application/problem+json\`) with a stable \`code\`.
- Lists take \`limit\` and \`cursor\` and answer \`{data, nextCursor}\`.
- A \`POST\` that creates takes \`Idempotency-Key\`: a repeat gets the first answer.
- Entities carry \`version\`; an update with a stale \`If-Match\` gets 412.
- Bulk routes take NDJSON, one JSON document a line, and give a verdict on each line.
`.trim();

const DOCUMENTATION = /^\/docs(-json)?($|\/)/;
const SECURITY_SCHEME = 'apiKey';
/** Nest documents a path's parameters by name only. */
const PATH_PARAMETER = 'Id, as an answer of this API gave it or, for a member, as your own system knows it';
const PROBLEM = { $ref: '#/components/schemas/ProblemDto' };
const PROBLEM_RESPONSES = {
  ClientProblem: 'The request is at fault; `code` and `errors` say how.',
  ServerProblem: 'The server is at fault, or something that it needs is away; the same request may work later.',
} as const;

export function setUpOpenApi(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', (route) => {
      if (DOCUMENTATION.test(route.url)) route.config = { ...route.config, access: 'public' };
    });
  // Made when it is first asked for: the start need not wait for it.
  SwaggerModule.setup('docs', app, () => describeApi(app), { customSiteTitle: 'Matchum API', raw: ['json'] });
}

function describeApi(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Matchum API')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'API key', description: '`Authorization: Bearer <key>`' },
      SECURITY_SCHEME,
    )
    .addSecurityRequirements(SECURITY_SCHEME)
    .build();
  const document = SwaggerModule.createDocument(app, config, { extraModels: [ProblemDto] });
  const components = (document.components ??= {});
  components.responses = Object.fromEntries(
    Object.entries(PROBLEM_RESPONSES).map(([name, description]) => [
      name,
      { description, content: { 'application/problem+json': { schema: PROBLEM } } },
    ]),
  );
  for (const operation of operationsOf(document)) completeOperation(operation);
  return document;
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  readonly [ROLES_EXTENSION]?: readonly string[];
};

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.values(document.paths).flatMap((path) =>
    METHODS.map((method) => path[method]).filter((found) => found !== undefined),
  );
}

function completeOperation(operation: Operation): void {
  for (const parameter of operation.parameters ?? []) {
    if ('in' in parameter && parameter.in === 'path') parameter.description ??= PATH_PARAMETER;
  }
  const roles = operation[ROLES_EXTENSION] ?? [];
  if (roles.length === 0) operation.security = [];
  const callers = roles.length === 0 ? 'Needs no key.' : `Roles: ${roles.map((role) => `\`${role}\``).join(', ')}.`;
  operation.description = operation.description === undefined ? callers : `${operation.description}\n\n${callers}`;
  operation.responses['4XX'] = { $ref: '#/components/responses/ClientProblem' };
  operation.responses['5XX'] = { $ref: '#/components/responses/ServerProblem' };
}
