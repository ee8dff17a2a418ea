import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { AdGroupRecord } from '../core/index/ad-group-record.js';
import { Clock } from '../platform/clock.js';
import { HORIZON_SQL } from '../platform/database/horizon.js';
import { inSlices } from '../platform/in-slices.js';
import { AdGroupSource, type CampaignChanges } from './campaigns.api.js';
import { type ServableRow, toAdGroupRecord } from './servable-row.js';

const CHUNK = 1_000;
/** Of what changed; small, since whoever reads it looks after each page whether something more urgent has changed. */
const PAGE = 200;
/** Clocks of processes differ by less than this. */
const OVER_FOR_MS = 3_600_000;

/**
 * Parameters: $1 the time at which a campaign must not be over yet (null: any), $2 how many at most; `condition` may use
 * more.
 */
function servable(condition: string, order: 'id' | 'campaign_id, id'): string {
  return `
    SELECT s.*, approved.creatives
    FROM (
      SELECT g.id, g.campaign_id, c.advertiser_id, c.status AS campaign_status, c.starts_at, c.ends_at, a.time_zone,
        a.currency, g.targeting, g.bid_model, g.bid_micros, g.frequency_caps AS ad_group_caps,
        c.frequency_caps AS campaign_caps, a.frequency_caps AS advertiser_caps, g.day_parts, c.total_budget_micros AS campaign_total_micros,
        c.daily_budget_micros AS campaign_daily_micros, g.daily_budget_micros AS ad_group_daily_micros, c.pacing,
        c.categories
      FROM ad_groups g JOIN campaigns c ON c.id = g.campaign_id JOIN advertisers a ON a.id = c.advertiser_id
      WHERE c.status <> 'archived' AND ($1::timestamptz IS NULL OR c.ends_at IS NULL OR c.ends_at > $1) AND ${condition}
      ORDER BY ${order} LIMIT $2
    ) s
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('id', v.id, 'senderName', v.sender_name, 'title', v.title, 'body', v.body,
        'imageUrl', v.image_url, 'callToAction', v.call_to_action, 'landingUrl', v.landing_url,
        'language', v.language, 'caps', v.frequency_caps) ORDER BY v.id) AS creatives
      FROM creatives v WHERE v.ad_group_id = s.id AND v.status = 'approved'
    ) approved ON true
    ORDER BY ${order}`;
}

/** Parameters: $3 the last id of the chunk before ('' at first). */
const NEXT_CHUNK = servable('g.id > $3', 'id');
/** Parameters: $3 campaign ids; $4 and $5 the last campaign and the last id of the page before ('' at first). */
const NEXT_OF_CAMPAIGNS = servable('g.campaign_id = ANY($3) AND (g.campaign_id, g.id) > ($4, $5)', 'campaign_id, id');

/** Parameters: $1 the horizon, $2 the time at which a campaign must not be over yet (null: any). */
const CHANGED_SINCE = `
  SELECT ${HORIZON_SQL} AS horizon,
    coalesce(array_agg(id ORDER BY ends_at, id), '{}') AS "campaignIds",
    coalesce(array_agg(id) FILTER (WHERE status <> 'active' OR ends_at <= $2::timestamptz), '{}') AS "stoppedIds"
  FROM campaigns WHERE changed_xid >= $1::xid8`;

/** `AdGroupSource` on Postgres. */
@Injectable()
export class StoredAdGroups extends AdGroupSource {
  private readonly logger = new Logger(StoredAdGroups.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {
    super();
  }

  async horizon(): Promise<string> {
    const [row] = await this.dataSource.query<{ horizon: string }[]>(`SELECT ${HORIZON_SQL} AS horizon`);
    return (row as { horizon: string }).horizon;
  }

  overBefore(): number | null {
    return this.clock.simulated ? null : this.clock.now() - OVER_FOR_MS;
  }

  async *streamAll(): AsyncGenerator<readonly AdGroupRecord[], void, undefined> {
    const notOverAt = this.notOverAt();
    for (let after = ''; ;) {
      const rows = await this.dataSource.query<ServableRow[]>(NEXT_CHUNK, [notOverAt, CHUNK, after]);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
      yield await this.readable(rows);
      if (rows.length < CHUNK) return;
    }
  }

  /**
   * All is read in one statement, hence one snapshot: what it does not see belongs to a transaction that is open or yet
   * to begin, so at or above the new horizon.
   */
  async changedSince(horizon: string): Promise<CampaignChanges> {
    const [changes] = await this.dataSource.query<CampaignChanges[]>(CHANGED_SINCE, [horizon, this.notOverAt()]);
    return changes as CampaignChanges;
  }

  async *loadCampaigns(ids: readonly string[]): AsyncGenerator<readonly AdGroupRecord[], void, undefined> {
    if (ids.length === 0) return;
    const notOverAt = this.notOverAt();
    for (let after = ['', '']; ;) {
      const rows = await this.dataSource.query<ServableRow[]>(NEXT_OF_CAMPAIGNS, [notOverAt, PAGE, ids, ...after]);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = [last.campaign_id, last.id];
      yield await this.readable(rows);
      if (rows.length < PAGE) return;
    }
  }

  /** Simulated time can go back, and then a campaign that was over serves again: none may be left out for it. */
  private notOverAt(): Date | null {
    return this.clock.simulated ? null : new Date(this.clock.now());
  }

  private async readable(rows: readonly ServableRow[]): Promise<readonly AdGroupRecord[]> {
    const records: AdGroupRecord[] = [];
    await inSlices(this.readInto(records, rows));
    return records;
  }

  /** One ad group that can't be read shall not keep all others from serving. Yields after each. */
  private *readInto(records: AdGroupRecord[], rows: readonly ServableRow[]): Generator<undefined, void> {
    for (const row of rows) {
      try {
        records.push(toAdGroupRecord(row));
      } catch (error) {
        this.logger.error({
          msg: 'ad group left out of the index',
          adGroupId: row.id,
          reason: (error as Error).message,
        });
      }
      yield;
    }
  }
}
