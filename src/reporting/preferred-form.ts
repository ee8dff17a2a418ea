import type { ReportForm } from './write-report.js';

/**
 * Which form of a report an `Accept` header prefers (RFC 9110, section 12.5.1): the more specific range decides, then the
 * higher weight; JSON where both are alike or the header is absent. Null where neither is acceptable.
 */
export function preferredForm(accept: string | undefined): ReportForm | null {
  if (accept === undefined || accept.trim() === '') return 'json';
  const weights = weightsOf(accept);
  const weightOf = (type: string, subtype: string): number =>
    weights.get(`${type}/${subtype}`) ?? weights.get(`${type}/*`) ?? weights.get('*/*') ?? 0;
  const csv = weightOf('text', 'csv');
  const json = weightOf('application', 'json');
  if (csv > json) return 'csv';
  return json > 0 ? 'json' : null;
}

/** Weight, 0 to 1, by media range. */
function weightsOf(accept: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    weights.set(name, /^[01](\.\d{0,3})?$/.test(weight) ? Math.min(1, Number(weight)) : 0);
  }
  return weights;
}
