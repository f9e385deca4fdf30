import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realizeLabels } from '#db/commands/realize-labels.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import { testDatabase } from '#tests/support/services.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

test('a history of labels is counted by PostgreSQL in the same transaction, so that the next statements are planned for it', async () => {
  const of = { dataset: 'us-daily', expression: 'Ref($close,-1)', snapshotId: 'a'.repeat(64) }
  const labels = Array.from({ length: 2_000 }, (_, day) => ({ symbol: 'IBM', session: sessionOf(12_000 + day), value: day }))
  await database.db.transaction(async (tx) => {
    await realizeLabels(tx, of, labels)
    const { rows } = await tx.execute<{ estimate: number }>(
      sql`select reltuples::int as estimate from pg_class where oid = 'realized_label'::regclass`,
    )
    expect(rows).toEqual([{ estimate: 2_000 }])
  })
})
