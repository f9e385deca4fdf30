/** A disk that takes no more, under the temporary folder of an import. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import type { ImportConfig } from '#activities/datasets/connect.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { csvOf } from '#tests/support/csv.ts'
import { walkBars } from '#tests/support/bars.ts'
import type { Question } from './import-until-staged.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

let world: DatasetTestWorld
let scratch: string
beforeAll(async () => {
  world = await datasetWorld()
  scratch = await mkdtemp(join(tmpdir(), 'quantloop-full-disk-'))
})
afterAll(async () => {
  await world.drop()
  await rm(scratch, { recursive: true })
})

const bars = Array.from({ length: 12 }, (_, i) => walkBars(`S${i}`, 700, i))

/** Imports in a process that may write files of at most so many blocks of half a kilobyte, as a full disk or a quota would let it. */
async function importing(connector: ConnectorConfig, dataset: string, blocks: number | 'unlimited') {
  const { syncId } = world.inputOf(connector, dataset)
  const { startedAt, head } = await world.activities.openSync({ ...world.inputOf(connector, dataset), syncId })
  const script = fileURLToPath(new URL('import-once.ts', import.meta.url))
  const child = spawn(
    'sh',
    ['-c', `ulimit -f ${blocks} && exec "$@"`, 'sh', process.execPath, '--import', import.meta.resolve('tsx'), script],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: scratch },
    },
  )
  const input = { syncId, config: connector as ImportConfig, asOf: startedAt, parent: head?.manifest ?? null }
  const question: Question = { databaseUrl: world.databaseUrl, store: world.store.config, cacheDir: world.store.cacheDir, input }
  child.stdin.end(JSON.stringify(question))
  return JSON.parse(await text(child.stdout)) as { rows?: number; code?: string; message?: string }
}

const leftovers = async () => (await readdir(scratch)).filter((name) => name.startsWith('quantloop-'))

it('a disk that takes no more of the rows ends the import, says which folder, leaves nothing there and the head as it was', async () => {
  const { snapshotId } = await world.sync(await world.csv(csvOf(bars.slice(0, 1))), { dataset: 'full' })
  // a line that is shown to nobody before it is judged waits on the disk, and all that waits goes there with it
  const text = csvOf(bars)
  const connector = await world.csv(`${text.trimEnd()}\n${text.trimEnd().split('\n').at(-1)!}\n`)
  const ended = await importing(connector, 'full', 64)
  expect(ended).toMatchObject({ code: 'unavailable' })
  expect(ended.message).toContain(`rows cannot be grouped in ${scratch}`)
  expect(ended.message).toMatch(/free some space there, or point TMPDIR to another disk$/)
  expect(await leftovers()).toEqual([])
  expect(await findDataset(world.db, 'full')).toMatchObject({ headSnapshotId: snapshotId })
  expect(await importing(connector, 'full', 'unlimited')).toEqual({ rows: 12 * 700 })
})
