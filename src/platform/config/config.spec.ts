import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Config, InvalidConfig, parseConfig } from './config.js';

type Environment = Readonly<Record<string, string>>;

const WON_RATES = [
  ['USD', 1400],
  ['EUR', 1600],
  ['JPY', 9.3],
  ['GBP', 1850],
  ['KRW', 1],
] as const;

const DEFAULTS: Config = {
  role: 'all',
  host: '127.0.0.1',
  port: 3000,
  databaseUrl: null,
  redisUrl: null,
  dataDir: resolve('.data'),
  demo: true,
  clock: 'system',
  logLevel: 'info',
  adminKey: null,
  tokenSecrets: null,
  publicUrl: null,
  baseCurrency: 'KRW',
  exchangeRates: new Map(WON_RATES),
  databasePoolSize: 10,
  matchDeadlineMs: 70,
  profileCacheSize: 200_000,
  maxClicksPerMinute: 10,
  maxClicksPerHour: 60,
  drainDeadlineMs: 20_000,
  maxSettlementLagSeconds: 1_800,
  maxUnsettledEvents: 5_000_000,
};

const SECRET = 'a-secret-of-16-c';
const PASSWORD = 'hunter2-and-then-some';

/** For each variable, what it may be set to and what comes of it, and what it may not be set to. */
interface Variable {
  readonly field: keyof Config;
  readonly valid: readonly (readonly [string, unknown])[];
  readonly invalid: readonly string[];
}

const VARIABLES: Readonly<Record<string, Variable>> = {
  ROLE: {
    field: 'role',
    valid: ['all', 'api', 'worker'].map((role) => [role, role] as const),
    invalid: ['API', 'both', 'api,worker', '0'],
  },
  HOST: {
    field: 'host',
    valid: ['0.0.0.0', '::1', '::', 'localhost', 'matchum-1.example.com'].map((host) => [host, host] as const),
    invalid: ['http://localhost', 'a b', '[::1]', 'host/path', 'x'.repeat(254)],
  },
  PORT: {
    field: 'port',
    valid: [
      ['0', 0],
      ['80', 80],
      ['65535', 65_535],
      [' 3001 ', 3001],
    ],
    invalid: ['65536', '-1', '3000.5', '3e3', '0x50', 'http', '99999999999999999999'],
  },
  DATABASE_URL: {
    field: 'databaseUrl',
    valid: [
      `postgres://matchum:${PASSWORD}@db.example.com:5432/matchum?sslmode=require`,
      'postgresql://localhost/matchum',
    ].map((url) => [url, url] as const),
    invalid: [`mysql://u:${PASSWORD}@db/m`, `postgres:u:${PASSWORD}`, 'localhost:5432', 'postgres://[', 'postgres'],
  },
  REDIS_URL: {
    field: 'redisUrl',
    valid: [`rediss://:${PASSWORD}@cache.example.com:6380/1`, 'redis://localhost'].map((url) => [url, url] as const),
    invalid: [`http://u:${PASSWORD}@cache`, `redis:${PASSWORD}`, '127.0.0.1:6379', 'redis'],
  },
  DATABASE_POOL_SIZE: {
    field: 'databasePoolSize',
    valid: [
      ['2', 2],
      ['500', 500],
    ],
    invalid: ['1', '501', 'ten', '-5'],
  },
  DATA_DIR: {
    field: 'dataDir',
    valid: [
      ['/var/lib/matchum', '/var/lib/matchum'],
      ['somewhere/else', resolve('somewhere/else')],
      ['../data', resolve('../data')],
    ],
    invalid: [],
  },
  ADMIN_KEY: {
    field: 'adminKey',
    valid: [[SECRET, SECRET]],
    invalid: ['too-short', 'with a space in it', '열쇠'.repeat(10)],
  },
  TOKEN_SECRETS: {
    field: 'tokenSecrets',
    valid: [
      [`k1:${SECRET}`, [{ keyId: 'k1', secret: SECRET }]],
      [
        `2026b:${SECRET}:with:colons, k1:${SECRET}`,
        [
          { keyId: '2026b', secret: `${SECRET}:with:colons` },
          { keyId: 'k1', secret: SECRET },
        ],
      ],
    ],
    invalid: [
      SECRET,
      `k1:short`,
      `k1:${SECRET},k1:${SECRET}`,
      `k1:${SECRET},`,
      `${SECRET}:${SECRET}`,
      `K:${SECRET}`,
      `k1:${'x'.repeat(257)}`,
    ],
  },
  DEMO: {
    field: 'demo',
    valid: [
      ['on', true],
      ['off', false],
    ],
    invalid: ['yes', 'false', 'OFF', '1'],
  },
  CLOCK: {
    field: 'clock',
    valid: [
      ['system', 'system'],
      ['simulated', 'simulated'],
    ],
    invalid: ['fake', 'Simulated'],
  },
  PUBLIC_URL: {
    field: 'publicUrl',
    valid: [
      ['https://ads.example.com', 'https://ads.example.com'],
      ['https://ads.example.com/', 'https://ads.example.com'],
      ['http://10.0.0.1:8080/matchum//', 'http://10.0.0.1:8080/matchum'],
    ],
    invalid: [
      'ads.example.com',
      'ftp://ads.example.com',
      'https:ads',
      `https://u:${PASSWORD}@ads.example.com`,
      'https://ads.example.com/?from=chat',
      'https://ads.example.com/#top',
    ],
  },
  BASE_CURRENCY: { field: 'baseCurrency', valid: [['JPY', 'JPY']], invalid: ['krw', 'WON', 'KR', 'KRW,USD'] },
  EXCHANGE_RATES: {
    field: 'exchangeRates',
    valid: [
      [
        'USD:1400.25, EUR:9',
        new Map([
          ['USD', 1400.25],
          ['EUR', 9],
          ['KRW', 1],
        ]),
      ],
    ],
    invalid: ['USD', 'USD:', 'USD:-1', 'USD:0', 'USD:1e3', 'usd:1', 'ABC:5', 'USD:1400,', 'USD:1,USD:2'],
  },
  MATCH_DEADLINE_MS: {
    field: 'matchDeadlineMs',
    valid: [
      ['5', 5],
      ['10000', 10_000],
    ],
    invalid: ['4', '10001', '80ms'],
  },
  PROFILE_CACHE_SIZE: {
    field: 'profileCacheSize',
    valid: [
      ['1', 1],
      ['10000000', 10_000_000],
    ],
    invalid: ['0', '10000001', 'many'],
  },
  MAX_CLICKS_PER_MINUTE: {
    field: 'maxClicksPerMinute',
    valid: [
      ['1', 1],
      ['1000000', 1_000_000],
    ],
    invalid: ['0', '1000001', '-1', 'none'],
  },
  MAX_CLICKS_PER_HOUR: {
    field: 'maxClicksPerHour',
    valid: [
      ['1', 1],
      ['1000000', 1_000_000],
    ],
    invalid: ['0', '1000001', '-1', 'none'],
  },
  DRAIN_DEADLINE_MS: {
    field: 'drainDeadlineMs',
    valid: [
      ['0', 0],
      ['600000', 600_000],
    ],
    invalid: ['600001', '20s'],
  },
  MAX_SETTLEMENT_LAG_SECONDS: {
    field: 'maxSettlementLagSeconds',
    valid: [
      ['1', 1],
      ['86400', 86_400],
    ],
    invalid: ['0', '86401', '30m'],
  },
  MAX_UNSETTLED_EVENTS: {
    field: 'maxUnsettledEvents',
    valid: [
      ['1', 1],
      ['1000000000', 1_000_000_000],
    ],
    invalid: ['0', '1000000001', '5e6'],
  },
  LOG_LEVEL: {
    field: 'logLevel',
    valid: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((level) => [level, level] as const),
    invalid: ['verbose', 'INFO', '30'],
  },
};

const NAMES = Object.keys(VARIABLES);
const each = <T>(read: (variable: Variable) => readonly T[]): [string, T][] =>
  NAMES.flatMap((name) => read(variableOf(name)).map((value): [string, T] => [name, value]));

function variableOf(name: string): Variable {
  const variable = VARIABLES[name];
  if (variable === undefined) throw new Error(`${name} is not in the table`);
  return variable;
}

function faultsOf(env: Environment): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (error instanceof InvalidConfig) return error.faults;
    throw error;
  }
}

describe('the configuration', () => {
  it('is complete without any variable', () => {
    expect(parseConfig({})).toEqual(DEFAULTS);
    expect(NAMES.map((name) => variableOf(name).field).sort()).toEqual(Object.keys(DEFAULTS).sort());
  });

  it.each(each(({ valid }) => valid))('takes %s %j, and nothing else changes', (name, [value, meaning]) => {
    const { [variableOf(name).field]: read, ...others } = parseConfig({ [name]: value });
    expect(read).toEqual(meaning);
    // The default rates are of won.
    const left = name === 'BASE_CURRENCY' ? { ...DEFAULTS, exchangeRates: new Map([[value, 1]]) } : DEFAULTS;
    expect(others).toEqual(Object.fromEntries(Object.entries(left).filter(([field]) => field in others)));
  });

  it.each(each(({ invalid }) => invalid))('refuses %s %j by its name', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
  });

  it('reports all faults at once, one line each, whichever variables have one', () => {
    const settings = fc.record(
      Object.fromEntries(
        NAMES.map((name) => {
          const { valid, invalid } = variableOf(name);
          const choices = [
            ...valid.map(([value]) => ({ value, isFault: false })),
            ...invalid.map((value) => ({ value, isFault: true })),
            ...['', '  ', undefined].map((value) => ({ value, isFault: false })),
          ];
          return [name, fc.constantFrom(...choices)];
        }),
      ),
    );
    fc.assert(
      fc.property(settings, (chosen) => {
        const env = Object.fromEntries(Object.entries(chosen).map(([name, { value }]) => [name, value]));
        const faulty = NAMES.filter((name) => chosen[name]?.isFault);
        const faults = faultsOf(env as Environment);
        expect(faults.map((fault) => fault.split(' ', 1)[0]).sort()).toEqual(faulty.sort());
        expect(new InvalidConfig(faults).message.split('\n')).toHaveLength(1 + faulty.length);
      }),
    );
  });

  it('counts an empty variable as absent', () => {
    for (const empty of ['', ' ', '\t']) {
      expect(parseConfig(Object.fromEntries(NAMES.map((name) => [name, empty])))).toEqual(DEFAULTS);
    }
  });

  it('never tells a secret, a password or a line break, in whichever variable it got', () => {
    const secretly = fc.constantFrom(
      `postgres://matchum:${PASSWORD}@db.example.com/matchum`,
      `://${PASSWORD}`,
      `matchum:${PASSWORD}@db`,
      `k1:${PASSWORD}`,
      `${PASSWORD} `.repeat(3),
      `off\n  - ${PASSWORD}`,
    );
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), secretly, (name, value) => {
        const { message } = new InvalidConfig(faultsOf({ [name]: value }));
        expect(message).not.toContain(PASSWORD);
      }),
      { numRuns: 300 },
    );
    for (const name of ['ADMIN_KEY', 'TOKEN_SECRETS', 'DATABASE_URL', 'REDIS_URL']) {
      for (const value of variableOf(name).invalid) {
        expect(faultsOf({ [name]: value }).join()).not.toContain(value.length > 8 ? value : PASSWORD);
      }
    }
  });

  it('takes rates for other currencies than the base, and knows the default ones for won only', () => {
    expect(parseConfig({ BASE_CURRENCY: 'USD' }).exchangeRates).toEqual(new Map([['USD', 1]]));
    expect(parseConfig({ BASE_CURRENCY: 'USD', EXCHANGE_RATES: 'KRW:0.0007' }).exchangeRates).toEqual(
      new Map([
        ['KRW', 0.0007],
        ['USD', 1],
      ]),
    );
    expect(faultsOf({ BASE_CURRENCY: 'USD', EXCHANGE_RATES: 'USD:1' })).toHaveLength(1);
  });
});
