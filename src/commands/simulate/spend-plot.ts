import type { SpendRecord } from './spend-record.js';

/**
 * Spend against plan as an SVG picture: one small chart a kind of campaign (its first campaign), time from left to right,
 * the day's budget from bottom to top. The plan is the broad pale line, spend the thin dark one; below, how traffic goes.
 */
export interface PlotOptions {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly title: string;
  /** Matches of each step, in order. */
  readonly traffic: readonly { readonly at: number; readonly matches: number }[];
}

const COLUMNS = 3;
const CELL = { width: 400, height: 190 };
const INSET = { left: 46, right: 14, top: 30, bottom: 24 };
const DAY_MS = 86_400_000;
const PLAN = '#f2a65a';
const SPEND = '#1d3557';
const GRID = '#dddddd';

interface Line {
  readonly points: readonly (readonly [at: number, value: number])[];
  readonly color: string;
  readonly width: number;
}

export function plotSpend(record: SpendRecord, options: PlotOptions): string {
  const kinds = [...new Set(record.campaigns.map(({ kind }) => kind))];
  const charts = kinds.flatMap((kind) => {
    const place = record.campaigns.findIndex((campaign) => campaign.kind === kind);
    const campaign = record.campaigns[place];
    if (campaign === undefined || campaign.dayBudgetMicros === null) return [];
    const budget = campaign.dayBudgetMicros;
    const samples = record.samples[place] ?? [];
    const lines: Line[] =
      samples.length > 0
        ? [
            { points: samples.map(({ at, plannedMicros }) => [at, plannedMicros / budget]), color: PLAN, width: 5 },
            { points: samples.map(({ at, spentMicros }) => [at, spentMicros / budget]), color: SPEND, width: 1.3 },
          ]
        : [
            {
              points: (record.daySpend[place] ?? []).map(({ at, spentMicros }) => [at, spentMicros / budget]),
              color: SPEND,
              width: 1.3,
            },
          ];
    return [{ title: kind, lines, unit: 'day budgets' }];
  });
  const busiest = options.traffic.reduce((most, { matches }) => Math.max(most, matches), 1);
  const traffic: Line = {
    points: options.traffic.map(({ at, matches }) => [at, matches / busiest]),
    color: '#5b8e7d',
    width: 1.3,
  };
  const all = [...charts, { title: 'Traffic', lines: [traffic], unit: 'of the busiest step' }];
  const height = 60 + Math.ceil(all.length / COLUMNS) * CELL.height;
  const cells = all.map((chart, i) => {
    const at = `${(i % COLUMNS) * CELL.width} ${60 + Math.floor(i / COLUMNS) * CELL.height}`;
    return `<g transform="translate(${at})">${chartOf(chart.title, chart.unit, chart.lines, options)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${COLUMNS * CELL.width}" height="${height}" font-family="sans-serif">`,
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="16" y="26" font-size="17">${escaped(options.title)}</text>`,
    `<text x="16" y="46" font-size="12" fill="#555">broad: plan, thin: spend; dotted: midnights</text>`,
    ...cells,
    '</svg>',
    '',
  ].join('\n');
}

function chartOf(title: string, unit: string, lines: readonly Line[], { fromMs, untilMs }: PlotOptions): string {
  const width = CELL.width - INSET.left - INSET.right;
  const height = CELL.height - INSET.top - INSET.bottom;
  const most = lines.flatMap(({ points }) => points).reduce((highest, [, value]) => Math.max(highest, value), 1);
  const x = (at: number): string => (INSET.left + ((at - fromMs) / (untilMs - fromMs)) * width).toFixed(1);
  const y = (value: number): string => (INSET.top + (1 - value / most) * height).toFixed(1);
  const marks = [0, 0.5, 1].map((part) => part * most);
  const midnights = Array.from(
    { length: Math.round((untilMs - fromMs) / DAY_MS) + 1 },
    (_, day) => fromMs + day * DAY_MS,
  );
  return [
    `<text x="${INSET.left}" y="18" font-size="13">${escaped(title)}</text>`,
    `<text x="${CELL.width - INSET.right}" y="18" font-size="10" fill="#777" text-anchor="end">${escaped(unit)}</text>`,
    ...marks.map(
      (value) =>
        `<path d="M${INSET.left} ${y(value)}h${width}" stroke="${GRID}"/>` +
        `<text x="${INSET.left - 6}" y="${Number(y(value)) + 4}" font-size="10" text-anchor="end">${value.toFixed(1)}</text>`,
    ),
    ...midnights.map((at) => `<path d="M${x(at)} ${INSET.top}v${height}" stroke="#999999" stroke-dasharray="2 3"/>`),
    ...lines.map(
      ({ points, color, width: stroke }) =>
        `<polyline fill="none" stroke="${color}" stroke-width="${stroke}" stroke-linejoin="round" ` +
        `points="${points.map(([at, value]) => `${x(at)},${y(value)}`).join(' ')}"/>`,
    ),
  ].join('\n');
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[char] ?? char);
}
