import type { Check } from './check.js';

/** The product's own audit of the same instance. */
interface AuditBody {
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[];
}

export async function checkAudit(apiUrl: string, key: string): Promise<Check> {
  const name = 'Audit by the product itself';
  const response = await fetch(`${apiUrl}/v1/ops/audit`, { headers: { authorization: `Bearer ${key}` } });
  if (response.status === 404) return { name, looked: 0, breaches: [], figure: 'no audit endpoint' };
  if (!response.ok) return { name, looked: 0, breaches: [`it was answered by ${response.status}`] };
  const { checks } = (await response.json()) as AuditBody;
  const failed = checks.filter(({ ok }) => !ok);
  return { name, looked: checks.length, breaches: failed.map((check) => `${check.name} ${check.detail ?? ''}`) };
}
