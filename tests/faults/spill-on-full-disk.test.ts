import type * as FileSystem from 'node:fs/promises'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { Spill } from '#activities/spill.ts'
import { FaultPlan } from '#tests/faults/fault-plan.ts'
import { diskFull } from '#tests/faults/faulty-file-system.ts'

const plan = new FaultPlan({ on: /^file\.writev$/, nth: 2, error: diskFull })

vi.mock('node:fs/promises', async (original) => {
  const { faultyFileSystem } = await import('#tests/faults/faulty-file-system.ts')
  const real = await original<typeof FileSystem>()
  return { ...real, open: (...args: Parameters<typeof real.open>) => faultyFileSystem(plan).open(...args) }
})

it('a full disk ends the grouping of rows, says which folder, and leaves nothing there', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'quantloop-full-disk-'))
  vi.stubEnv('TMPDIR', scratch)
  const spill = await Spill.open(2, 10_000)
  const fill = async () => {
    for (let record = 0; record < 10_000; record++) {
      spill.add(record % 3, Float64Array.of(record, record))
      await spill.settle()
    }
  }
  await expect(fill()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/^rows cannot be grouped in .*ENOSPC.*free some space there, or point TMPDIR to another disk$/),
    place: { folder: scratch },
  })
  expect(plan.fired).toBe(1)
  await spill.close()
  expect(await readdir(scratch)).toEqual([])
  vi.unstubAllEnvs()
  await rm(scratch, { recursive: true })
})
