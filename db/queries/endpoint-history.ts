import { and, desc, eq, inArray, lt, sql } from 'drizzle-orm'
import type { EndpointSpell } from '#contracts/deployments.ts'
import type { Executor } from '../client.ts'
import { audit } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

type Filter = { limit: number; after?: string | undefined; at?: string | undefined }

/**
 * Which deployment answered on an endpoint when, newest first, as its switches were audited: activations, and rollbacks
 * after a switch. With `at`, the one that answered at that time.
 */
export async function listEndpointHistory(db: Executor, endpoint: string, { limit, after, at }: Filter) {
  const [before] = after === undefined ? [] : decodeCursor(after, [0] as [number])
  const spells = db
    .select({
      id: audit.id,
      deploymentId: sql<string>`coalesce(${audit.detail} -> 'to' ->> 'deploymentId', ${audit.detail} ->> 'deploymentId')`.as(
        'deployment_id',
      ),
      model: sql<EndpointSpell['model']>`coalesce(${audit.detail} -> 'to' -> 'model', ${audit.detail} -> 'model')`.as('model'),
      revision: sql<number>`(${audit.detail} ->> 'revision')::int`.as('revision'),
      began: sql<EndpointSpell['began']>`${audit.action}`.as('began'),
      by: sql<string>`${audit.by}`.as('answered_by'),
      from: sql<string>`${audit.at}`.as('answered_from'),
      to: sql<string | null>`lead(${audit.at}) over (order by ${audit.id})`.as('answered_to'),
    })
    .from(audit)
    // a rollback before the switch withdrew a route, and has no revision
    .where(
      and(
        eq(audit.subject, `endpoint/${endpoint}`),
        inArray(audit.action, ['activate', 'rollback']),
        sql`${audit.detail} ->> 'revision' is not null`,
      ),
    )
    .as('spells')
  const rows = await db
    .select()
    .from(spells)
    .where(
      and(
        before === undefined ? undefined : lt(spells.id, before),
        at === undefined ? undefined : sql`${spells.from} <= ${at}::timestamptz and coalesce(${spells.to} > ${at}::timestamptz, true)`,
      ),
    )
    .orderBy(desc(spells.id))
    .limit(limit + 1)
  return pageOf(rows, limit, ({ id }) => [id], spellOf)
}

type Row = Omit<EndpointSpell, 'from' | 'to'> & { id: number; from: string; to: string | null }

const spellOf = ({ id: _, from, to, ...spell }: Row): EndpointSpell => ({ ...spell, from: iso(from), to: isoOrNull(to) })
