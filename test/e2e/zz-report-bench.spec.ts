import { it } from '@jest/globals';
import { startTestApp } from '../servers/test-app.js';
import { parseReportRequest } from '../../src/reporting/parse-report-request.js';
import { periodsOf } from '../../src/reporting/report-periods.js';
import { reportQuery } from '../../src/reporting/report-sql.js';

it('bench', async () => {
  const app = await startTestApp({ env: { ROLE: 'api' } });
  const ds = app.dataSource;
  await ds.query(`INSERT INTO advertisers (id,name,currency,time_zone,created_at,updated_at) SELECT 'adv_'||lpad(n::text,26,'0'),'x',CASE WHEN n%2=0 THEN 'KRW' ELSE 'USD' END,'UTC',now(),now() FROM generate_series(0,49) n`);
  await ds.query('SET statement_timeout=0');
  for (let m = 0; m < 6; m++) await ds.query(`INSERT INTO report_rows SELECT '2026-01-01'::timestamptz + q * interval '15 minutes', 'adv_'||lpad((c%50)::text,26,'0'),'cmp_'||lpad((c%100)::text,26,'0'),'adg_'||lpad((c%200)::text,26,'0'),'crv_'||lpad(c::text,26,'0'),'chat_list',10,1,0,0,5000000 FROM generate_series(${m * 2000},${m * 2000 + 1999}) q, generate_series(0,299) c`);
  await ds.query('VACUUM ANALYZE report_rows');
  const show = async (q: Record<string, string>, adv: string | null) => {
    const r = parseReportRequest(q);
    const t = performance.now();
    const p = periodsOf(r);
    const tp = performance.now() - t;
    const s = reportQuery(r, p, adv);
    const plan = await ds.query<{ 'QUERY PLAN': string }[]>('EXPLAIN (ANALYZE, BUFFERS OFF) ' + s.text, [...s.parameters]);
    const t2 = performance.now();
    const res = await app.request('GET', '/v1/reports?' + new URLSearchParams(q).toString());
    console.log(JSON.stringify(q) + adv + ` periods ${p.length} ${tp.toFixed(1)}ms; http ${(performance.now() - t2).toFixed(0)}ms ${res.text.length}B\n` + s.text.slice(0, 600) + '\n' + plan.map((x) => x['QUERY PLAN']).join('\n').replace(/\{.{200,}?\}/g, '{…}'));
  };
  const adv = 'adv_' + '7'.padStart(26, '0');
  await show({ from: '2026-02-01', to: '2026-03-01', timeZone: 'Asia/Seoul', granularity: 'hour', dimensions: 'creative' }, adv);
  await show({ from: '2026-02-01', to: '2026-02-02', timeZone: 'Asia/Seoul', granularity: 'hour', dimensions: 'campaign' }, null);
  await show({ from: '2026-01-01', to: '2026-04-01', timeZone: 'Asia/Seoul', granularity: 'day', dimensions: 'campaign' }, null);
  await show({ from: '2026-01-01', to: '2026-05-01', timeZone: 'America/New_York', granularity: 'total', metrics: 'impressions' }, null);
  await show({ from: '2026-01-01', to: '2026-05-01', timeZone: 'America/New_York', granularity: 'total' }, null);
  await show({ from: '2026-01-01', to: '2026-05-01', timeZone: 'America/New_York', granularity: 'total', campaignId: 'cmp_' + '7'.padStart(26, '0') }, null);
  await show({ from: '2026-01-01', to: '2030-12-31', timeZone: 'America/New_York', granularity: 'day', advertiserId: adv }, null);
  await show({ from: '2026-02-01', to: '2026-02-15', timeZone: 'Asia/Seoul', granularity: 'hour', dimensions: 'creative' }, null);
  const [x] = await ds.query<unknown[]>(`EXPLAIN ANALYZE SELECT date_trunc('day', bucket_at, 'Asia/Seoul') d, campaign_id, sum(impressions)::text FROM report_rows WHERE bucket_at >= '2026-01-01' AND bucket_at < '2026-04-01' GROUP BY 1,2`).then((r) => [r.map((y: any) => y['QUERY PLAN']).join('\n')]);
  console.log(x);
  await app.close();
}, 400000);
