import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createObjectStore } from '#storage/minio-object-store.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { testServices } from '#tests/support/services.ts'
import { FaultPlan } from './fault-plan.ts'
import { faultyObjectStore } from './faulty-object-store.ts'

let cacheDir: string
let objects: ObjectStore

beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'quantloop-faults-'))
  objects = createObjectStore({ ...testServices().objectStore, bucket: 'quantloop' }, { cacheDir })
})

afterAll(async () => {
  await rm(cacheDir, { recursive: true })
})

test('a put whose answer is lost has stored the object, and the repeat answers the same reference', async () => {
  const bytes = new TextEncoder().encode('stored though nobody heard of it')
  const plan = new FaultPlan({ on: /^put$/, nth: 1, when: 'after' })
  const faulty = faultyObjectStore(objects, plan)
  await expect(faulty.put(bytes, 'txt')).rejects.toThrow('injected fault: put')
  const ref = await faulty.put(bytes, 'txt')
  expect(await objects.rehash(ref)).toBe(ref.sha256)
  expect(plan.seen).toEqual(['put', 'put'])
})

test('only the named operation fails', async () => {
  const plan = new FaultPlan({ on: /^get$/, nth: 1 })
  const faulty = faultyObjectStore(objects, plan)
  const ref = await faulty.put(new TextEncoder().encode('readable at the second try'), 'txt')
  await expect(faulty.get(ref)).rejects.toThrow('injected fault: get')
  expect(new TextDecoder().decode(await faulty.get(ref))).toBe('readable at the second try')
})
