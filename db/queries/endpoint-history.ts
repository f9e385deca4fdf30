import { and, eq, sql } from 'drizzle-orm'
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
  const spells = db.$with('spells').as(
    db
      .select({
        id: audit.id,
        deploymentId:
          sql<string>`coalesce(${audit.detail} -> 'to' ->> 'deploymentId', ${audit.detail} ->> 'deploymentId', ${audit.commandId}::text)`.as(
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
      .where(
        and(eq(audit.subject, `endpoint/${endpoint}`), sql`${audit.action} in ('activate', 'rollback')`, sql`${audit.detail} ? 'revision'`),
      ),
  )
  const rows = await db
    .with(spells)
    .select()
    .from(spells)
    .where(
      and(
        before === undefined ? undefined : sql`${spells.id} < ${before}`,
        at === undefined ? undefined : sql`${spells.from} <= ${at} and (${spells.to} is null or ${spells.to} > ${at})`,
      ),
    )
    .orderBy(sql`${spells.id} desc`)
    .limit(limit + 1)
  return pageOf(
    rows,
    limit,
    ({ id }) => [id],
    ({ id: _, from, to, ...spell }): EndpointSpell => ({ ...spell, from: iso(from), to: isoOrNull(to) }),
  )
}
