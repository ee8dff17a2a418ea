import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../servers/test-app.js';

/** Version 1 of the API, which other programs are written against. */
const CONTRACT = [
  'POST /v1/api-keys',
  'GET /v1/api-keys',
  'DELETE /v1/api-keys/:id',
  'POST /v1/advertisers',
  'GET /v1/advertisers',
  'GET /v1/advertisers/:id',
  'PATCH /v1/advertisers/:id',
  'POST /v1/advertisers/:id/credits',
  'POST /v1/advertisers/:id/refunds',
  'GET /v1/advertisers/:id/balance',
  'GET /v1/advertisers/:id/ledger',
  'POST /v1/campaigns',
  'GET /v1/campaigns',
  'POST /v1/campaigns/bulk',
  'GET /v1/campaigns/:id',
  'PATCH /v1/campaigns/:id',
  'POST /v1/campaigns/:id/activate',
  'POST /v1/campaigns/:id/pause',
  'POST /v1/campaigns/:id/archive',
  'POST /v1/campaigns/:id/ad-groups',
  'GET /v1/campaigns/:id/ad-groups',
  'GET /v1/ad-groups/:id',
  'PATCH /v1/ad-groups/:id',
  'GET /v1/ad-groups/:id/delivery',
  'POST /v1/ad-groups/:id/creatives',
  'GET /v1/ad-groups/:id/creatives',
  'GET /v1/creatives/:id',
  'PATCH /v1/creatives/:id',
  'POST /v1/creatives/:id/approve',
  'POST /v1/creatives/:id/reject',
  'POST /v1/reach',
  'PUT /v1/profiles/:userId',
  'GET /v1/profiles/:userId',
  'PATCH /v1/profiles/:userId',
  'DELETE /v1/profiles/:userId',
  'POST /v1/profiles/bulk',
  'GET /v1/segments',
  'POST /v1/segments',
  'POST /v1/segments/bulk',
  'POST /v1/signals',
  'GET /v1/placements',
  'GET /v1/placements/:id',
  'PUT /v1/placements/:id',
  'POST /v1/match',
  'POST /v1/match/batch',
  'POST /v1/match/explain',
  'POST /v1/events',
  'GET /t/i/:token',
  'GET /t/c/:token',
  'GET /v1/reports',
  'GET /v1/ops/batches',
  'GET /v1/ops/batches/:id',
  'POST /v1/ops/batches/:id/retry',
  'GET /v1/ops/audit',
  'GET /v1/ops/pacing',
  'POST /v1/ops/pacing/run',
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics',
];

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
}

interface Parameter {
  readonly name: string;
  readonly description?: string;
}

interface Answer {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: Readonly<Record<string, unknown>>;
}

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, Answer>>;
  readonly 'x-roles'?: readonly string[];
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<
      Record<string, { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }>
    >;
    readonly securitySchemes: Readonly<Record<string, { readonly scheme: string }>>;
  };
}

describe('the API documentation', () => {
  let app: TestApp;
  let document: Document;

  beforeAll(async () => {
    app = await startTestApp();
    const response = await app.request('GET', '/docs-json', undefined, { key: null });
    expect(response.status).toBe(200);
    document = response.body as Document;
  });

  afterAll(() => app.close());

  function operations(): readonly (Operation & { readonly route: string })[] {
    return Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        ...operation,
        route: `${method.toUpperCase()} ${path}`,
      })),
    );
  }

  /** Routes are the same whatever their parameters are called. */
  function form(route: string): string {
    return route.replaceAll(/:\w+|\{\w+\}/g, '{}');
  }

  it('refers only to what is in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(
      ([, reference]) => reference ?? '',
    );
    expect(references.length).toBeGreaterThan(50);
    const isThere = (reference: string): boolean => {
      let place: unknown = document;
      for (const key of reference.replace(/^#\//, '').split('/'))
        place = (place as Record<string, unknown> | undefined)?.[key];
      return typeof place === 'object';
    };
    expect(references.filter((reference) => !isThere(reference))).toEqual([]);
  });

  it('is an OpenAPI document that needs no key', () => {
    expect(document.openapi).toMatch(/^3\./);
    expect(document.info.title).toBe('Matchum API');
    expect(document.info.version).toBe('1');
    expect(document.info.description).toContain('micros');
  });

  it('has every route of the contract that the product has', () => {
    const fastify = app.app.getHttpAdapter().getInstance();
    const present = CONTRACT.filter((route) => {
      const [method = '', url = ''] = route.split(' ');
      return fastify.hasRoute({ method, url });
    });
    const documented = new Set(operations().map(({ route }) => form(route)));
    expect(present.filter((route) => !documented.has(form(route)))).toEqual([]);
    expect(present).toContain('POST /v1/match');
    expect(present).toContain('GET /v1/reports');
  });

  it('tells of every operation what it answers', () => {
    const silent = operations().filter(
      ({ responses }) => !Object.keys(responses).some((status) => /^[23]/.test(status)),
    );
    expect(silent.map(({ route }) => route)).toEqual([]);
    const images = document.paths['/t/i/{token}']?.['get']?.responses['200']?.content ?? {};
    expect(Object.keys(images)).toEqual(['image/gif']);
    expect(Object.keys(document.paths['/t/c/{token}']?.['get']?.responses ?? {})).toEqual(['302', '4XX', '5XX']);
    expect(Object.keys(document.paths['/metrics']?.['get']?.responses['200']?.content ?? {})).toEqual(['text/plain']);
  });

  it('tells of every operation what it does, in a group', () => {
    const incomplete = operations().filter(({ summary, tags }) => !summary || tags?.length !== 1);
    expect(incomplete.map(({ route }) => route)).toEqual([]);
  });

  it('tells of every operation who may call it', () => {
    const schemes = Object.keys(document.components.securitySchemes);
    expect(document.security.map((requirement) => Object.keys(requirement))).toEqual([schemes]);
    expect(Object.values(document.components.securitySchemes)[0]).toMatchObject({ scheme: 'bearer' });
    for (const { route, security, ...operation } of operations()) {
      const roles = operation['x-roles'];
      expect({ route, declared: roles !== undefined }).toEqual({ route, declared: true });
      expect({ route, keyless: security?.length === 0 }).toEqual({ route, keyless: roles?.length === 0 });
    }
  });

  it('gives every operation the problem document as the form of its errors', () => {
    for (const { route, responses } of operations()) {
      for (const range of ['4XX', '5XX']) {
        const name = responses[range]?.$ref?.split('/').at(-1) ?? '';
        const schema = document.components.responses[name]?.content['application/problem+json']?.schema;
        expect({ route, range, schema }).toEqual({ route, range, schema: { $ref: '#/components/schemas/ProblemDto' } });
      }
    }
    const fields = Object.keys(document.components.schemas['ProblemDto']?.properties ?? {});
    expect(fields.sort()).toEqual(['code', 'detail', 'errors', 'status', 'title', 'type']);
  });

  it('shows the problem document as it is answered', async () => {
    const answer = await app.request('GET', '/v1/api-keys', undefined, { key: null });
    const fields = Object.keys(document.components.schemas['ProblemDto']?.properties ?? {});
    expect(Object.keys(answer.body as object).sort()).toEqual(fields.sort());
  });

  it('describes every field, with an example of every plain value', () => {
    const incomplete = [...fieldsOf(document, '')].flatMap(([where, field]) => {
      const words = field.description?.toLowerCase() ?? '';
      const unit = UNITS.find(({ suffix }) => where.endsWith(suffix))?.word ?? '';
      return [
        ...(words === '' ? [`${where}: description`] : []),
        ...(isPlain(field) && !hasExample(field) ? [`${where}: example`] : []),
        ...(words.includes(unit) ? [] : [`${where}: unit`]),
      ];
    });
    expect(incomplete).toEqual([]);
  });

  it('describes If-Match wherever an update takes it', () => {
    const updates = operations().filter(({ route }) => /^(PUT|PATCH) /.test(route));
    expect(updates.length).toBeGreaterThan(5);
    const without = updates.filter(({ parameters = [] }) => !parameters.some(({ name }) => name === 'If-Match'));
    expect(without.map(({ route }) => route)).toEqual([]);
  });

  it('says of a placement that is answered that it has all of its fields', async () => {
    const { required = [], properties = {} } = document.components.schemas['PlacementDto'] ?? {};
    const answered = Object.keys((await app.request('GET', '/v1/placements/chat_list')).body as object).sort();
    expect(Object.keys(properties).sort()).toEqual(answered);
    expect([...required].sort()).toEqual(answered);
    const rules = ['firstPosition', 'holdSeconds', 'maxMessages', 'refreshAfterSeconds', 'spacing'];
    expect([...(document.components.schemas['PlacementRulesDto']?.required ?? [])].sort()).toEqual(rules);
  });

  it('describes every parameter', () => {
    const incomplete = operations().flatMap(({ route, parameters = [] }) =>
      parameters.filter(({ description }) => !description).map(({ name }) => `${route} ${name}`),
    );
    expect(incomplete).toEqual([]);
  });

  it('refers to nothing that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      expect(document.components).toHaveProperty(reference.slice(1, 3));
    }
  });

  it('has a page for people, with everything that the page loads', async () => {
    const page = await app.request('GET', '/docs', undefined, { key: null });
    expect({ status: page.status, type: page.headers.get('content-type') }).toMatchObject({
      status: 200,
      type: 'text/html',
    });
    const loaded = [...page.text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(loaded).toEqual(
      expect.arrayContaining([expect.stringMatching(/bundle\.js$/), expect.stringMatching(/\.css$/)]),
    );
    for (const path of loaded) {
      const part = await app.request('GET', new URL(path, `${app.url}/docs`).pathname, undefined, { key: null });
      expect({ path, status: part.status, empty: part.text.length === 0 }).toEqual({ path, status: 200, empty: false });
    }
  });

  it('lets nobody read other files by way of the page', async () => {
    for (const path of ['/docs/..%2f..%2fpackage.json', '/docs/%2e%2e/%2e%2e/package.json']) {
      const { status, text } = await app.request('GET', path, undefined, { key: null });
      expect({ path, refused: status >= 400 && status < 500 }).toEqual({ path, refused: true });
      expect(text).not.toContain('devDependencies');
    }
  });
});

const UNITS = [
  { suffix: 'Micros', word: 'micros' },
  { suffix: 'Seconds', word: 'second' },
  { suffix: 'Ms', word: 'millisecond' },
];

/** Every field of every schema in the document, wherever it stands, with its path. */
function* fieldsOf(value: unknown, path: string): Generator<[string, Schema]> {
  if (typeof value !== 'object' || value === null) return;
  const { properties } = value as Schema;
  if (typeof properties === 'object') {
    for (const [name, field] of Object.entries(properties)) yield [`${path}/${name}`, field];
  }
  for (const [key, child] of Object.entries(value)) yield* fieldsOf(child, `${path}/${key}`);
}

function isPlain({ type }: Schema): boolean {
  return type === 'string' || type === 'number' || type === 'integer' || type === 'boolean';
}

function hasExample(schema: Schema): boolean {
  return schema.example !== undefined || schema.enum !== undefined || schema.default !== undefined;
}
