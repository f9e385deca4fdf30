import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { atEdge } from '#activities/edge.ts'
import { createInspectionActivities } from '#activities/inspections.ts'
import { compareWorkflowId, exportWorkflowId, verifyWorkflowId } from '#contracts/ids.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { Comparison } from '#contracts/snapshots.ts'
import { listInspections } from '#db/queries/inspections.ts'
import { readLineage } from '#db/queries/lineage.ts'
import { datasetWorld, type DatasetTestWorld } from '#tests/activities/datasets/world.ts'
import { walkBars } from '#tests/support/bars.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { devTemporal, type DevTemporal, quietRuntime } from '#tests/support/temporal.ts'
import type { compareSnapshots } from '#workflows/compare-snapshots.ts'
import type { exportSnapshot } from '#workflows/export-snapshot.ts'
import type { verifySnapshots } from '#workflows/verify-snapshots.ts'

let temporal: DevTemporal
let bundle: WorkflowBundleWithSourceMap
let world: DatasetTestWorld
let ids: [string, string]
beforeAll(async () => {
  quietRuntime()
  const workflowsPath = fileURLToPath(new URL('../../../workflows/index.ts', import.meta.url))
  ;[temporal, bundle, world] = await Promise.all([
    devTemporal(),
    bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }),
    datasetWorld(),
  ])
  const [short, long] = [await landSnapshot(world, 'd', [walkBars('AAA', 40, 1)]), await landSnapshot(world, 'd', [walkBars('AAA', 41, 1)])]
  ids = [short.id, long.id]
})
afterAll(async () => {
  await temporal.close()
  await world.drop()
})

const id = randomUUID()

async function inspect<T>(work: () => Promise<T>): Promise<T> {
  const { namespace, nativeConnection: connection } = temporal
  const activities = atEdge(createInspectionActivities({ db: world.db, objects: world.objects, secondCopy: undefined }))
  const worker = await Worker.create({ connection, namespace, taskQueue: taskQueues.orchestration, workflowBundle: bundle, activities })
  return await worker.runUntil(work())
}
const options = <I>(workflowId: string, input: I) => ({ workflowId, taskQueue: taskQueues.orchestration, args: [input] as [I] })
const subject = (snapshotId: string) => ({ dataset: 'd', snapshotId })

const rowsOf = (kind: 'comparison' | 'export' | 'verification') => listInspections(world.db, kind, { limit: 10 })

describe('snapshots are looked into', () => {
  it('compared, into an object', async () => {
    const input = { comparisonId: id, before: subject(ids[0]), after: subject(ids[1]), by: 'ada' }
    const ref = await inspect(() =>
      temporal.client.workflow.execute<typeof compareSnapshots>('compareSnapshots', options(compareWorkflowId(id), input)),
    )
    const found = Comparison.parse(JSON.parse(new TextDecoder().decode(await world.objects.get(ref))))
    const kept = { id, dataset: 'd', snapshotIds: ids, requestedBy: 'ada', state: 'done', failure: null }
    expect((await rowsOf('comparison')).items).toMatchObject([{ ...kept, result: { bars: { added: 1 }, object: ref } }])
    expect(found).toMatchObject({ before: subject(ids[0]), after: subject(ids[1]), bars: { added: 1, removed: 0, revised: 0 } })
  })

  it('exported, into a file', async () => {
    const input = { exportId: id, ...subject(ids[0]), format: 'csv', prices: 'raw', by: 'ada' } as const
    const { object, rows, lacks } = await inspect(() =>
      temporal.client.workflow.execute<typeof exportSnapshot>('exportSnapshot', options(exportWorkflowId(id), input)),
    )
    expect([rows, lacks]).toEqual([40, []])
    const result = { object, rows: 40, asked: { format: 'csv', prices: 'raw' } }
    expect((await rowsOf('export')).items).toMatchObject([{ id, dataset: 'd', snapshotIds: [ids[0]], requestedBy: 'ada', result }])
    expect((await world.objects.get(object)).length).toBe(object.bytes)
  })

  it('verified, all of them', async () => {
    const input = { verificationId: id, repair: false, by: 'ada' }
    const result = await inspect(() =>
      temporal.client.workflow.execute<typeof verifySnapshots>('verifySnapshots', options(verifyWorkflowId(id), input)),
    )
    expect(result).toMatchObject({ sound: true, secondCopy: false, copied: 0, objects: 4 })
    expect(result.snapshots.map(({ snapshotId }) => snapshotId)).toEqual(ids)
    expect((await rowsOf('verification')).items).toEqual([expect.objectContaining({ id, dataset: null, snapshotIds: ids, result })])
  })

  it('and a snapshot tells by its lineage what was', async () => {
    const seen = async (snapshotId: string) => (await readLineage(world.db, 'd', snapshotId))!.inspections.map(({ kind }) => kind)
    expect(await seen(ids[0])).toEqual(['verification', 'export', 'comparison'])
    expect(await seen(ids[1])).toEqual(['verification', 'comparison'])
  })

  it('once, however often a worker does it', async () => {
    const activities = createInspectionActivities({ db: world.db, objects: world.objects, secondCopy: undefined })
    const input = { comparisonId: id, before: subject(ids[0]), after: subject(ids[1]), by: 'ada' }
    const before = await rowsOf('comparison')
    await world.asActivity(activities.compareSnapshots, input)
    expect(await rowsOf('comparison')).toEqual(before)
  })

  it('or say at once which one is not there, and leave a row of it', async () => {
    const input = { exportId: randomUUID(), ...subject('f'.repeat(64)), format: 'csv', prices: 'raw', by: 'ada' } as const
    const failing = inspect(() =>
      temporal.client.workflow.execute<typeof exportSnapshot>('exportSnapshot', options(exportWorkflowId(input.exportId), input)),
    )
    await expect(failing).rejects.toMatchObject({ cause: { cause: { type: 'snapshot_not_found' } } })
    const failure = { code: 'snapshot_not_found', message: expect.stringContaining('ffff') as string }
    const asked = { id: input.exportId, dataset: 'd', snapshotIds: ['f'.repeat(64)], requestedBy: 'ada' }
    const [newest] = (await rowsOf('export')).items
    expect(newest).toMatchObject({ ...asked, state: 'failed', failure, result: null })
    expect(Date.parse(newest!.startedAt)).toBeLessThanOrEqual(Date.parse(newest!.endedAt))
  })

  it('or are stopped, which leaves a row as well', async () => {
    const [comparisonId, verificationId] = [randomUUID(), randomUUID()]
    const client = temporal.client.workflow
    const comparing = await client.start<typeof compareSnapshots>(
      'compareSnapshots',
      options(compareWorkflowId(comparisonId), { comparisonId, before: subject(ids[0]), after: subject(ids[1]), by: 'ada' }),
    )
    const verifying = await client.start<typeof verifySnapshots>(
      'verifySnapshots',
      options(verifyWorkflowId(verificationId), { verificationId, repair: false, by: 'ada' }),
    )
    await Promise.all([comparing.cancel(), verifying.cancel()])
    const ended = await inspect(() => Promise.allSettled([comparing.result(), verifying.result()]))
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const stopped = { state: 'stopped', failure: null, result: null, requestedBy: 'ada' }
    expect((await rowsOf('comparison')).items[0]).toMatchObject({ id: comparisonId, dataset: 'd', snapshotIds: ids, ...stopped })
    expect((await rowsOf('verification')).items[0]).toMatchObject({ id: verificationId, dataset: null, snapshotIds: [], ...stopped })
  })
})
