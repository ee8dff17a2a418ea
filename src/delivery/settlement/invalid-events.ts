import type { EntityManager } from 'typeorm';
import type { ClickFault } from '../../core/traffic/invalid-reason.js';
import { type AcceptedClick, type ClickLimit, judgeClicks } from '../../core/traffic/judge-clicks.js';
import { groupBy } from '../../platform/group-by.js';
import { eventKey, type SettlingEvent } from './batch-events.js';

/**
 * The invalid ones among events that are settled, by their key. Only clicks can be: an impression that was accepted counts,
 * towards caps above all, since the member may have seen it.
 *
 * A click is judged beside all clicks of its member that were accepted, settled or not: so the answer does not hang on
 * the order in which batches are settled, nor on which workers do it at once.
 */
export async function findInvalid(
  tx: EntityManager,
  events: readonly SettlingEvent[],
  limits: readonly ClickLimit[],
): Promise<ReadonlyMap<string, ClickFault>> {
  const byMember = groupBy(
    events.filter((event) => event.type === 'click'),
    (event) => event.memberId,
  );
  if (byMember.size === 0) return new Map();
  const knownByMember = groupBy(await readClicks(tx, byMember, limits), (click) => click.memberId);
  const found = new Map<string, ClickFault>();
  for (const [memberId, clicks] of byMember) {
    const keys = new Map(clicks.map((event) => [event.messageId, eventKey(event)]));
    const known = knownByMember.get(memberId) ?? [];
    const judged = known.filter(({ id }) => keys.has(id));
    for (const [messageId, fault] of judgeClicks(judged, known, limits)) found.set(keys.get(messageId) ?? '', fault);
  }
  return found;
}

interface MemberClick extends AcceptedClick {
  readonly memberId: string;
}

/** The members' clicks as far around those that are settled as a window reaches. A message has one click: its id tells it. */
async function readClicks(
  tx: EntityManager,
  byMember: ReadonlyMap<string, readonly SettlingEvent[]>,
  limits: readonly ClickLimit[],
): Promise<readonly MemberClick[]> {
  const reachMs = Math.max(...limits.map(({ windowMs }) => windowMs));
  const times = [...byMember.values()].map((clicks) => clicks.map((click) => click.occurredAt));
  return tx.query<MemberClick[]>(READ_CLICKS, [
    [...byMember.keys()],
    times.map((some) => new Date(Math.min(...some) - reachMs)),
    times.map((some) => new Date(Math.max(...some) + reachMs)),
  ]);
}

// Lists, one entry a member: $1 members, $2 and $3 from and to when.
const READ_CLICKS = `
  SELECT c.member_id AS "memberId", c.message_id AS id, c.batch_id AS "batchId", c.ordinal,
         (extract(epoch FROM c.occurred_at) * 1000)::float8 AS "clickedAt",
         CASE WHEN c.time_stated AND i.time_stated
           THEN (extract(epoch FROM c.occurred_at - i.occurred_at) * 1000)::float8 END AS "reactionMs"
  FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS around (member_id, since, until)
  JOIN events c ON c.type = 'click' AND c.member_id = around.member_id
    AND c.occurred_at BETWEEN around.since AND around.until
  LEFT JOIN events i ON i.decided_at = c.decided_at AND i.message_id = c.message_id
    AND i.type = 'impression' AND i.event_id = ''`;
