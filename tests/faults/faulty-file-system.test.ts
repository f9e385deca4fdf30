import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FaultPlan } from './fault-plan.ts'
import { diskFull, faultyFileSystem } from './faulty-file-system.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantloop-faults-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

test('the Nth write to an open file finds the disk full; what was written before is there', async () => {
  const plan = new FaultPlan({ on: /^file\.write$/, nth: 2, error: diskFull })
  const fs = faultyFileSystem(plan)
  const path = join(folder, 'log')
  const file = await fs.open(path, 'a')
  await file.write('first\n')
  await expect(file.write('second\n')).rejects.toMatchObject({ code: 'ENOSPC' })
  await file.write('third\n')
  await file.close()
  expect(await readFile(path, 'utf8')).toBe('first\nthird\n')
})

test('a rename that happened and was not heard of', async () => {
  const fs = faultyFileSystem(new FaultPlan({ on: /^rename$/, nth: 1, when: 'after' }))
  await fs.writeFile(join(folder, 'new'), 'content')
  await expect(fs.rename(join(folder, 'new'), join(folder, 'final'))).rejects.toThrow('injected fault: rename')
  expect(await readFile(join(folder, 'final'), 'utf8')).toBe('content')
})
