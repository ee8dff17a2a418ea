import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { AdGroupRecord } from '../core/index/ad-group-record.js';
import { Clock } from '../platform/clock.js';
import { HORIZON_SQL } from '../platform/database/horizon.js';
import { AdGroupSource, type CampaignChanges } from './campaigns.api.js';
import { type ServableRow, toAdGroupRecord } from './servable-row.js';

const CHUNK = 1_000;

/** Parameters: $1 the time at which a campaign must not be over yet (null: any); `condition` may use more. */
function servable(condition: string): string {
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
    ) s
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object('id', v.id, 'senderName', v.sender_name, 'title', v.title, 'body', v.body,
        'imageUrl', v.image_url, 'callToAction', v.call_to_action, 'landingUrl', v.landing_url,
        'language', v.language, 'caps', v.frequency_caps) ORDER BY v.id) AS creatives
      FROM creatives v WHERE v.ad_group_id = s.id AND v.status = 'approved'
    ) approved ON true
    ORDER BY s.id`;
}

/** Parameters: $2 the last id of the chunk before ('' at first), $3 the chunk's size. */
const NEXT_CHUNK = servable('g.id > $2 ORDER BY g.id LIMIT $3');
/** Parameters: $2 campaign ids. */
const OF_CAMPAIGNS = servable('g.campaign_id = ANY($2)');

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

  async *streamAll(): AsyncGenerator<readonly AdGroupRecord[], void, undefined> {
    const notOverAt = this.notOverAt();
    for (let after = ''; ;) {
      const rows = await this.dataSource.query<ServableRow[]>(NEXT_CHUNK, [notOverAt, after, CHUNK]);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
      yield this.readable(rows);
      if (rows.length < CHUNK) return;
    }
  }

  /**
   * Both are read in one statement, hence one snapshot: what it does not see belongs to a transaction that is open or yet
   * to begin, so at or above the new horizon.
   */
  async changedSince(horizon: string): Promise<CampaignChanges> {
    const [changes] = await this.dataSource.query<CampaignChanges[]>(
      `SELECT ${HORIZON_SQL} AS horizon,
         ARRAY(SELECT c.id FROM campaigns c WHERE c.changed_xid >= $1::xid8) AS "campaignIds"`,
      [horizon],
    );
    return changes as CampaignChanges;
  }

  async loadCampaigns(ids: readonly string[]): Promise<readonly AdGroupRecord[]> {
    if (ids.length === 0) return [];
    return this.readable(await this.dataSource.query<ServableRow[]>(OF_CAMPAIGNS, [this.notOverAt(), ids]));
  }

  /** Simulated time can go back, and then a campaign that was over serves again: none may be left out for it. */
  private notOverAt(): Date | null {
    return this.clock.simulated ? null : new Date(this.clock.now());
  }

  /** One ad group that can't be read shall not keep all others from serving. */
  private readable(rows: readonly ServableRow[]): AdGroupRecord[] {
    return rows.flatMap((row) => {
      try {
        return toAdGroupRecord(row);
      } catch (error) {
        this.logger.error({
          msg: 'ad group left out of the index',
          adGroupId: row.id,
          reason: (error as Error).message,
        });
        return [];
      }
    });
  }
}
