import { readdir } from 'node:fs/promises'
import type FileSystem from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { findDataset } from '#db/queries/datasets.ts'
import type { FaultPlan } from '#tests/faults/fault-plan.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

const disk = vi.hoisted(() => ({ plan: undefined as FaultPlan | undefined }))
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>()
  const open: typeof real.open = async (...args) => {
    if (disk.plan === undefined || !String(args[0]).includes('quantloop-spill-')) return await real.open(...args)
    const { faultyFileSystem } = await import('#tests/faults/faulty-file-system.ts')
    return await faultyFileSystem(disk.plan).open(...args)
  }
  return { ...real, default: { ...real, open }, open }
})

let world: DatasetTestWorld
beforeAll(async () => void (world = await datasetWorld()))
afterAll(() => world.drop())

const header = 'date,symbol,open,high,low,close,volume'
const file = (sessions: number) =>
  [
    header,
    ...Array.from({ length: sessions }, (_, day) => `${new Date(day * 86_400_000).toISOString().slice(0, 10)},A,10,11,9,10.5,100`),
  ].join('\n')

it('a full disk stops an import with a reason, leaves the head and nothing behind, and the next try lands', async () => {
  const { FaultPlan } = await import('#tests/faults/fault-plan.ts')
  const { diskFull } = await import('#tests/faults/faulty-file-system.ts')
  const { snapshotId } = await world.sync(await world.csv(file(10)), { dataset: 'full-disk' })
  const spills = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('quantloop-spill-'))
  const before = await spills()
  disk.plan = new FaultPlan({ on: /^file\.writev$/, nth: 1, error: diskFull })
  await expect(world.sync(await world.csv(file(1_000)), { dataset: 'full-disk' })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/ENOSPC: no space left on device, write\): free some space there/),
  })
  disk.plan = undefined
  expect((await spills()).filter((name) => !before.includes(name))).toEqual([])
  expect(await findDataset(world.db, 'full-disk')).toMatchObject({ headSnapshotId: snapshotId })
  expect(await world.sync(await world.csv(file(1_000)), { dataset: 'full-disk' })).toMatchObject({ state: 'landed', rows: 1_000 })
})
