import { isAbsolute, resolve } from 'node:path';
import { isCurrency } from '../../core/money/currency.js';
import { CannotStart } from '../cannot-start.js';

/** The product's configuration: read once at start from the environment, every fault reported at once, by name. */
export interface Config {
  readonly role: 'all' | 'api' | 'worker';
  readonly host: string;
  readonly port: number;
  /** Absent: an embedded server is started. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  readonly dataDir: string;
  readonly demo: boolean;
  readonly clock: 'system' | 'simulated';
  readonly logLevel: LogLevel;
  /** Absent: generated once and kept under `dataDir`. */
  readonly adminKey: string | null;
  readonly tokenSecrets: readonly TokenSecret[] | null;
  /** Where members' clients reach the tracking links; absent: http://host:port. */
  readonly publicUrl: string | null;
  readonly baseCurrency: string;
  /** Units of the base currency for one unit of another. */
  readonly exchangeRates: ReadonlyMap<string, number>;
  readonly databasePoolSize: number;
  /** A match that is not answered by then gets an empty decision. */
  readonly matchDeadlineMs: number;
  /** Most members whose profile is kept in memory. */
  readonly profileCacheSize: number;
  /** Clicks of one member past these are invalid traffic. */
  readonly maxClicksPerMinute: number;
  readonly maxClicksPerHour: number;
  /** Requests that are not answered by then are cut off when the product stops. */
  readonly drainDeadlineMs: number;
  /**
   * Events are refused while the oldest that waits, those of retried batches left out, is older than this, or more than
   * `maxUnsettledEvents` wait.
   */
  readonly maxSettlementLagSeconds: number;
  readonly maxUnsettledEvents: number;
}

/** A secret that signs tokens; the first one signs, all of them verify. */
export interface TokenSecret {
  readonly keyId: string;
  readonly secret: string;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export class InvalidConfig extends CannotStart {
  constructor(readonly faults: readonly string[]) {
    super(`Configuration is invalid:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'InvalidConfig';
  }
}

/** Round figures of late 2026 for trying out; set EXCHANGE_RATES to those that you settle by. Only ranking reads them. */
const DEFAULT_EXCHANGE_RATES = 'USD:1400,EUR:1600,JPY:9.3,GBP:1850';

const MIN_SECRET_LENGTH = 16;

/** Whether it is long enough, and can be sent in a header as it is. */
export function isSecret(value: string): boolean {
  return value.length >= MIN_SECRET_LENGTH && /^[\x21-\x7e]+$/.test(value);
}

export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const reader = new EnvReader(env);
  const baseCurrency = reader.currency('BASE_CURRENCY', 'KRW');
  const config: Config = {
    role: reader.oneOf('ROLE', ['all', 'api', 'worker'], 'all'),
    host: reader.matching('HOST', /^[\w.:-]{1,253}$/, 'a host name or address', '127.0.0.1'),
    port: reader.integer('PORT', 0, 65535, 3000),
    databaseUrl: reader.url('DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: reader.url('REDIS_URL', ['redis:', 'rediss:']),
    dataDir: resolvePath(reader.text('DATA_DIR') ?? '.data'),
    demo: reader.oneOf('DEMO', ['on', 'off'], 'on') === 'on',
    clock: reader.oneOf('CLOCK', ['system', 'simulated'], 'system'),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    adminKey: reader.secret('ADMIN_KEY'),
    tokenSecrets: reader.tokenSecrets('TOKEN_SECRETS'),
    publicUrl: reader.baseUrl('PUBLIC_URL'),
    baseCurrency,
    exchangeRates: reader.rates('EXCHANGE_RATES', DEFAULT_EXCHANGE_RATES, baseCurrency),
    databasePoolSize: reader.integer('DATABASE_POOL_SIZE', 2, 500, 10),
    matchDeadlineMs: reader.integer('MATCH_DEADLINE_MS', 5, 10_000, 70),
    profileCacheSize: reader.integer('PROFILE_CACHE_SIZE', 1, 10_000_000, 200_000),
    maxClicksPerMinute: reader.integer('MAX_CLICKS_PER_MINUTE', 1, 1_000_000, 10),
    maxClicksPerHour: reader.integer('MAX_CLICKS_PER_HOUR', 1, 1_000_000, 60),
    drainDeadlineMs: reader.integer('DRAIN_DEADLINE_MS', 0, 600_000, 20_000),
    maxSettlementLagSeconds: reader.integer('MAX_SETTLEMENT_LAG_SECONDS', 1, 86_400, 1_800),
    maxUnsettledEvents: reader.integer('MAX_UNSETTLED_EVENTS', 1, 1_000_000_000, 5_000_000),
  };
  if (reader.faults.length > 0) throw new InvalidConfig(reader.faults);
  return config;
}

function resolvePath(path: string): string {
  return isAbsolute(path) ? path : resolve(process.cwd(), path);
}

class EnvReader {
  readonly faults: string[] = [];

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  /** An empty variable counts as absent: that is how shells and compose files unset one. */
  text(name: string): string | null {
    const value = this.env[name]?.trim();
    return value ? value : null;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.text(name);
    if (value === null) return fallback;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) this.faults.push(`${name} must be one of ${allowed.join(', ')}${told(value)}`);
    return found ?? fallback;
  }

  matching(name: string, pattern: RegExp, what: string, fallback: string): string {
    const value = this.text(name) ?? fallback;
    if (!pattern.test(value)) this.faults.push(`${name} must be ${what}${told(value)}`);
    return value;
  }

  integer(name: string, min: number, max: number, fallback: number): number {
    const value = this.text(name);
    if (value === null) return fallback;
    const parsed = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
    if (parsed >= min && parsed <= max) return parsed;
    this.faults.push(`${name} must be a whole number from ${min} to ${max}${told(value)}`);
    return fallback;
  }

  currency(name: string, fallback: string): string {
    const value = this.text(name) ?? fallback;
    if (!isCurrency(value)) this.faults.push(`${name} must be a currency code such as KRW${told(value)}`);
    return value;
  }

  /** The value is left out of the message: a URL may carry a password. */
  url(name: string, protocols: readonly string[]): string | null {
    const value = this.text(name);
    if (value === null) return null;
    const found = URL.canParse(value) ? new URL(value).protocol : '';
    if (protocols.includes(found) && value.slice(found.length).startsWith('//')) return value;
    this.faults.push(`${name} must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`);
    return null;
  }

  /** Paths are put after it as it is. */
  baseUrl(name: string): string | null {
    const value = this.url(name, ['http:', 'https:']);
    if (value === null) return null;
    const { username, password } = new URL(value);
    if (/[?#]/.test(value) || username !== '' || password !== '') {
      this.faults.push(`${name} must be a URL without a user, a query or a fragment`);
    }
    return value.replace(/\/+$/, '');
  }

  secret(name: string): string | null {
    const value = this.text(name);
    if (value === null || isSecret(value)) return value;
    this.faults.push(`${name} must have at least ${MIN_SECRET_LENGTH} printable ASCII characters`);
    return null;
  }

  /** `keyId:secret[,keyId:secret…]`; the first signs. */
  tokenSecrets(name: string): readonly TokenSecret[] | null {
    const value = this.text(name);
    if (value === null) return null;
    const secrets = value.split(',').map((part) => {
      const match = /^([a-z0-9]{1,8}):([\x21-\x7e]{16,256})$/.exec(part.trim());
      return match ? { keyId: match[1] ?? '', secret: match[2] ?? '' } : null;
    });
    const valid = secrets.filter((secret) => secret !== null);
    if (valid.length !== secrets.length || new Set(valid.map((s) => s.keyId)).size !== valid.length) {
      this.faults.push(
        `${name} must be 'keyId:secret', comma-separated: key ids of 1 to 8 lower-case letters and digits, each once; ` +
          `secrets of at least ${MIN_SECRET_LENGTH} characters without commas`,
      );
    }
    return valid;
  }

  rates(name: string, fallback: string, base: string): ReadonlyMap<string, number> {
    const rates = new Map<string, number>([[base, 1]]);
    // The defaults are won; with another base they would be wrong, so that base starts without rates.
    const value = this.text(name) ?? (base === 'KRW' ? fallback : '');
    for (const part of value === '' ? [] : value.split(',')) {
      const [, currency, digits] = /^([A-Z]{3}):(\d{1,9}(?:\.\d{1,9})?)$/.exec(part.trim()) ?? [];
      const rate = Number(digits);
      if (currency === undefined || !isCurrency(currency) || rates.has(currency) || !(rate > 0)) {
        this.faults.push(
          `${name} must be 'CODE:rate', comma-separated, such as 'USD:1400,JPY:9.3', each currency once, ` +
            `the base not at all${told(part)}`,
        );
        break;
      }
      rates.set(currency, rate);
    }
    return rates;
  }
}

/** What is as short as this is no secret; a password in a URL may be. */
function told(value: string): string {
  return value.length < MIN_SECRET_LENGTH && /^[\x20-\x7e]*$/.test(value) && !value.includes('@')
    ? `, not '${value}'`
    : '';
}
