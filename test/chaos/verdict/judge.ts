import type { ClientRecord } from '../record.js';
import type { World } from '../world.js';
import { checkAudit } from './audit.js';
import type { Check } from './check.js';
import { checkCaps } from './check-caps.js';
import { checkEvents } from './check-events.js';
import { checkMatches } from './check-matches.js';
import { checkMoney, type Demanded } from './check-money.js';
import { checkReports } from './check-reports.js';
import { readStored } from './stored.js';

/** Everything that must hold after a run, from the clients' record and Postgres. */
export async function judge(
  { servers, processes, apis, secrets }: World,
  record: ClientRecord,
  { isCalm, demand }: { readonly isCalm: boolean; readonly demand: Demanded },
): Promise<readonly Check[]> {
  const stored = await readStored(servers.databaseUrl);
  const disturbances = new Map([...processes].map(([name, process]) => [name as string, process.disturbances]));
  return [
    {
      name: 'Processes end only when they are killed, and calm comes back',
      looked: processes.size,
      breaches: [
        ...[...processes.values()].flatMap(({ ownEnds }) => ownEnds),
        ...(isCalm ? [] : ['batches wait, or processes are not ready, long after the last fault']),
      ],
    },
    ...checkEvents(record.events, stored),
    ...checkReports(record.events, stored),
    ...checkMoney(record, stored, demand),
    ...checkCaps(stored),
    ...checkMatches(record, disturbances),
    ...(await checkAudit(apis[0]?.url ?? '', secrets.adminKey)),
  ];
}
