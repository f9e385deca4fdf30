import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { verifySnapshot } from '#tests/support/verify-snapshot.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { identityOf } from '#stack/process-identity.ts'
import { killProcess } from '#tests/faults/kill.ts'
import type { Question } from './import-until-staged.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

let world: DatasetTestWorld
beforeAll(async () => void (world = await datasetWorld()))
afterAll(() => world.drop())

const header = 'date,symbol,open,high,low,close,volume'
const row = (month: number) => `2020-0${month}-10,A,10,11,9,10.5,100`

it('a kill between the chunks and the manifest leaves the head, and the next try lands what the first would have', async () => {
  const { snapshotId } = await world.sync(await world.csv([header, row(1)].join('\n')), { dataset: 'killed' })
  const input = world.inputOf(await world.csv([header, row(1), row(2), row(3)].join('\n')), 'killed')
  const { syncId, connector } = input
  const { head, startedAt } = await world.activities.openSync(input)
  const parent = head!.manifest

  const script = fileURLToPath(new URL('import-until-staged.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const question: Question = {
    databaseUrl: world.databaseUrl,
    store: world.store.config,
    cacheDir: world.store.cacheDir,
    input: { syncId, config: connector, asOf: startedAt, parent },
  }
  child.stdin.end(JSON.stringify(question))
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  expect(said.toString()).toBe('the chunks are stored\n')
  await killProcess(identityOf(child.pid!)!, /import-until-staged/)
  expect(await findDataset(world.db, 'killed')).toMatchObject({ headSnapshotId: snapshotId, lastSession: '2020-01-10' })

  const { staged } = await world.asActivity(world.activities.importBars, { syncId, connector, asOf: startedAt, parent })
  const { examination } = await world.asActivity(world.activities.examineBars, { syncId, staged, parent })
  const manifest = await world.asActivity(world.activities.composeSnapshot, { staged, examination, approved: false })
  const landed = await world.activities.landSnapshot({ syncId, manifest, parentId: head!.id })
  expect(landed).toMatchObject({ state: 'landed', rows: 3 })
  expect(await verifySnapshot(world.objects, manifest)).toMatchObject({ snapshotId: landed.snapshotId, rows: 3, damage: [] })
})
