import type { AuditDto } from '../../../src/delivery/audit/audit.dto.js';
import type { Check } from './check.js';

const NAME = 'Audit by the product itself';
/** Those that the run is made for; of each is told what it looked at. */
const CAP_CHECKS = ['creative-caps', 'ad-group-caps', 'campaign-caps', 'advertiser-caps', 'placement-caps'];

/** The product's own audit of the same instance. */
export async function checkAudit(apiUrl: string, key: string): Promise<readonly Check[]> {
  const response = await fetch(`${apiUrl}/v1/ops/audit`, { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) return [{ name: NAME, looked: 0, breaches: [`it was answered by ${response.status}`] }];
  const { checks } = (await response.json()) as Pick<AuditDto, 'checks'>;
  return judgeAudit(checks);
}

export function judgeAudit(checks: AuditDto['checks']): readonly Check[] {
  const others = checks.filter(({ name }) => !CAP_CHECKS.includes(name));
  return [
    {
      name: NAME,
      looked: others.length,
      breaches: others.length === 0 ? ['it checks nothing'] : others.flatMap(breachesOf),
    },
    ...CAP_CHECKS.map((name) => {
      const found = checks.find((check) => check.name === name);
      const breaches = found === undefined ? ['there is no such check'] : breachesOf(found);
      return { name: `${NAME}: ${name}`, looked: found?.checked ?? 0, breaches };
    }),
  ];
}

function breachesOf({ name, rule, breaches, examples }: AuditDto['checks'][number]): readonly string[] {
  return breaches === 0 ? [] : [`${name}: not so ${breaches} times: ${rule}, as in ${examples.join('; ')}`];
}
