import { afterAll, beforeAll, expect, test } from 'vitest'
import { largeSteps } from '#cli/demo/scenario.ts'
import { SupervisionPolicy } from '#contracts/supervision.ts'
import { listFollowers } from '#db/queries/followers.ts'
import { supervision, trainingRun } from '#db/schema.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { registerVersion } from '#tests/support/model-version.ts'
import { testDatabase } from '#tests/support/services.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
beforeAll(async () => {
  ;[database, store] = await Promise.all([testDatabase(), testObjectStore()])
})
afterAll(() => Promise.all([database.drop(), store.drop()]))

test('whoever follows a dataset is listed with the recipe of its champion, and who has ended is not', async () => {
  const { db } = database
  const recipe = { ...largeSteps('us-daily'), featureSet: 'technical' }
  const owner = { requestedBy: 'ada', bodySha256: '0'.repeat(64) }
  const version = await registerVersion(db, store.objects, 'fitted')
  await db.insert(trainingRun).values({
    id: version.runId,
    modelName: 'fitted',
    modelVersion: 1,
    recipe,
    state: 'approved',
    ...owner,
  })
  const supervise = (endpoint: string, more: { dataset?: string; championName?: string; endedAt?: string } = {}) =>
    db.insert(supervision).values({
      endpoint,
      dataset: 'us-daily',
      label: { expression: '$close', kind: 'time-series' },
      policy: SupervisionPolicy.parse({}),
      state: 'running',
      championName: 'fitted',
      championVersion: 1,
      ...owner,
      ...more,
    })
  await supervise('of-a-fit')
  // its version came from elsewhere, without a run
  await supervise('of-none', { championName: 'imported' })
  await supervise('of-other-bars', { dataset: 'cn-daily' })
  await supervise('over', { endedAt: '2008-06-30T00:00:00Z' })
  expect(await listFollowers(db, 'us-daily')).toEqual([
    { endpoint: 'of-a-fit', recipe: recipe },
    { endpoint: 'of-none', recipe: null },
  ])
})
