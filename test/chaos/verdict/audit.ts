import type { AuditDto } from '../../../src/delivery/audit/audit.dto.js';
import type { Check } from './check.js';

/** The product's own audit of the same instance. */
export async function checkAudit(apiUrl: string, key: string): Promise<Check> {
  const name = 'Audit by the product itself';
  const response = await fetch(`${apiUrl}/v1/ops/audit`, { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) return { name, looked: 0, breaches: [`it was answered by ${response.status}`] };
  const { checks } = (await response.json()) as AuditDto;
  const broken = checks.filter(({ breaches }) => breaches > 0);
  return {
    name,
    looked: checks.length,
    breaches: broken.map(
      ({ rule, breaches, examples }) => `not so ${breaches} times: ${rule}, as in ${examples.join('; ')}`,
    ),
  };
}
