/**
 * Memory of an import, however large: the most that a fresh process ever holds resident while it imports 2 GB of CSV, less
 * the same for 100 MB. It takes some minutes, and 7 GB of the temporary folder and of the store.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { datasetWorld } from '#tests/activities/datasets/world.ts'
import startServers from '#tests/support/global-setup.ts'
import { writeBarFile } from './data/bar-file.ts'
import { ImportingProcess } from './data/importing-process.ts'
import { say, shown, uploadedImport } from './data/uploaded-import.ts'
import { type Measurement, measurement } from './measurement.ts'

const sessions = 5_000
/** Of so many symbols they are 100 MB and 2 GB. */
const [small, large] = [430, 8_800]

export async function benchmark(): Promise<Measurement[]> {
  const stop = await startServers()
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-bench-memory-'))
  const world = await datasetWorld()
  try {
    const most: number[] = []
    let whole = true
    for (const symbols of [small, large]) {
      const path = join(folder, 'bars.csv')
      say(`memory: writing ${symbols} symbols × ${sessions} sessions`)
      await writeBarFile(path, { symbols, sessions })
      const megabytes = (await stat(path)).size / 1e6
      say(`memory: uploading and importing ${megabytes.toFixed(0)} MB`)
      const importing = new ImportingProcess()
      const answer = await uploadedImport({ world, importing }, path, null)
      await Promise.all([importing.close(), rm(path)])
      say(
        `memory: ${megabytes.toFixed(0)} MB in upload ${answer.uploadSeconds.toFixed(0)} s, ${shown(answer.steps)}, ${answer.memory.before.toFixed(0)} to ${answer.memory.most.toFixed(0)} MB; load ${loadavg()[0]!.toFixed(1)}`,
      )
      whole &&= answer.rows === symbols * sessions
      most.push(answer.memory.most)
    }
    return [
      measurement({
        name: 'memory of an import of 2 GB beyond that of 100 MB, against 64 MB',
        unit: 'MB',
        ours: Math.max(0, most[1]! - most[0]!),
        peer: 64,
        goal: 1,
        answersEqual: whole,
      }),
    ]
  } finally {
    await world.drop()
    await rm(folder, { recursive: true, force: true })
    await stop?.()
  }
}
