import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Actor, requireTenant } from '../access/access.api.js';
import type { FrequencyCap } from '../core/capping/frequency-cap.js';
import { isTimeZone } from '../core/calendar/local-day.js';
import { AppError, type FieldError, notFound } from '../platform/app-error.js';
import { Once, type RequestIdentity } from '../platform/database/once.js';
import { requireVersion } from '../platform/http/if-match.js';
import { type Page, type PageQuery, PageCursors } from '../platform/http/page.js';
import { newId } from '../platform/ids.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../platform/platform.module.js';
import type { AdvertiserDto, CreateAdvertiserDto, UpdateAdvertiserDto } from './dto/advertiser.dto.js';
import { requireIdForm } from './known-id.js';
import { readFrequencyCaps } from './read-wire-fields.js';
import { refuseFaults } from './refuse-faults.js';
import { updateLatest } from './versioned-update.js';

const CURSORS = new PageCursors('advertisers');

const COLUMNS = 'a.id, a.name, a.currency, a.time_zone, a.frequency_caps, a.version, a.created_at, a.updated_at';

interface AdvertiserRow {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly time_zone: string;
  readonly frequency_caps: readonly FrequencyCap[];
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Advertisers: each has one currency for all its money, and its prepaid account from the start. */
@Injectable()
export class AdvertisersService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly once: Once,
    @Inject(RUNTIME_CONFIG) private readonly config: RuntimeConfig,
  ) {}

  async create(dto: CreateAdvertiserDto, identity: RequestIdentity): Promise<AdvertiserDto> {
    const faults = [...this.currencyFaults(dto.currency), ...(await this.timeZoneFaults(dto.timeZone))];
    const caps = dto.frequencyCaps === undefined ? [] : readFrequencyCaps(dto.frequencyCaps, 'frequencyCaps', faults);
    refuseFaults(faults);
    const at = new Date(identity.now);
    const id = newId('advertiser');
    return this.once.create(identity, async (tx) => {
      const [row] = await tx.query<AdvertiserRow[]>(
        `INSERT INTO advertisers AS a (id, name, currency, time_zone, frequency_caps, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING ${COLUMNS}`,
        [id, dto.name, dto.currency, dto.timeZone, JSON.stringify(caps), at],
      );
      await tx.query('INSERT INTO prepaid_accounts (advertiser_id) VALUES ($1)', [id]);
      return toDto(row as AdvertiserRow);
    });
  }

  async list({ limit, cursor }: PageQuery): Promise<Page<AdvertiserDto>> {
    const rows = await this.dataSource.query<AdvertiserRow[]>(
      `SELECT ${COLUMNS} FROM advertisers a WHERE a.id > $1 ORDER BY a.id LIMIT $2`,
      [CURSORS.after(cursor), limit + 1],
    );
    return CURSORS.page(rows, limit, toDto);
  }

  async get(actor: Actor, id: string): Promise<AdvertiserDto> {
    return toDto(await this.find(actor, id));
  }

  /**
   * An advertiser's own key may change the name and the caps only: its time zone decides which budget day an impression falls in and
   * what reports say, so the operator changes it.
   */
  async update(
    actor: Actor,
    id: string,
    dto: UpdateAdvertiserDto,
    seen: number | null,
    now: number,
  ): Promise<AdvertiserDto> {
    return updateLatest(async () => {
      const row = await this.find(actor, id);
      requireVersion(seen, row.version);
      if (actor.role !== 'admin' && dto.timeZone !== undefined && dto.timeZone !== row.time_zone) {
        throw new AppError(403, 'role_not_allowed', 'Only an admin key changes the time zone of an advertiser.');
      }
      const { timeZone = row.time_zone } = dto;
      const faults = currencyChangeFaults(row, dto);
      if (timeZone !== row.time_zone) faults.push(...(await this.timeZoneFaults(timeZone)));
      const caps =
        dto.frequencyCaps === undefined
          ? row.frequency_caps
          : readFrequencyCaps(dto.frequencyCaps, 'frequencyCaps', faults);
      refuseFaults(faults);
      const [[saved]] = await this.dataSource.query<[AdvertiserRow[], number]>(
        `UPDATE advertisers a SET name = $3, time_zone = $4, updated_at = $5, frequency_caps = $6,
           version = version + 1
         WHERE id = $1 AND version = $2 RETURNING ${COLUMNS}`,
        [id, row.version, dto.name ?? row.name, timeZone, new Date(now), JSON.stringify(caps)],
      );
      return saved && toDto(saved);
    });
  }

  private async find(actor: Actor, id: string): Promise<AdvertiserRow> {
    requireIdForm('advertiser', id);
    requireTenant(actor, id, 'advertiser', id);
    const [row] = await this.dataSource.query<AdvertiserRow[]>(`SELECT ${COLUMNS} FROM advertisers a WHERE a.id = $1`, [
      id,
    ]);
    if (row === undefined) throw notFound('advertiser', id);
    return row;
  }

  /** A bid is ranked in the base currency, so a currency without a rate could never serve. */
  private currencyFaults(currency: string): FieldError[] {
    const { exchangeRates } = this.config;
    if (exchangeRates.has(currency)) return [];
    const known = [...exchangeRates.keys()].sort().join(', ');
    return [{ path: 'currency', message: `must be one of ${known}: the currencies with an exchange rate here` }];
  }

  /** Money is booked by days as Node has them, and audited by days as Postgres has them, which may know fewer zones. */
  private async timeZoneFaults(timeZone: string): Promise<FieldError[]> {
    if (!isTimeZone(timeZone)) {
      return [{ path: 'timeZone', message: 'must be a name of the IANA time zone database, such as Asia/Seoul' }];
    }
    const known = await this.dataSource.query<unknown[]>(
      'SELECT FROM pg_timezone_names WHERE lower(name) = lower($1)',
      [timeZone],
    );
    if (known.length > 0) return [];
    return [{ path: 'timeZone', message: 'is not known to the database; is there a newer name of the same zone?' }];
  }
}

function currencyChangeFaults({ currency }: AdvertiserRow, changed: UpdateAdvertiserDto): FieldError[] {
  if (changed.currency === undefined || changed.currency === currency) return [];
  return [{ path: 'currency', message: `can't change once an advertiser exists; it is ${currency}` }];
}

function toDto(row: AdvertiserRow): AdvertiserDto {
  return {
    id: row.id,
    name: row.name,
    currency: row.currency,
    timeZone: row.time_zone,
    frequencyCaps: row.frequency_caps,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
