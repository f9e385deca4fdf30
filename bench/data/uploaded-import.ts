import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileBytes } from '#cli/local-bytes.ts'
import { upload as send } from '#cli/upload.ts'
import type { UploadResources } from '#cli/upload-resources.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import type { DatasetTestWorld } from '#tests/activities/datasets/world.ts'
import type { ImportAnswer, ImportingProcess } from './importing-process.ts'

/** Uploads a CSV file as the command line does and has it imported; `seconds` is all of it. */
export async function uploadedImport(
  { world, importing }: { world: DatasetTestWorld; importing: ImportingProcess },
  path: string,
  parent: ObjectRef | null,
) {
  const started = performance.now()
  const upload = await send(await fileBytes(path), straight(world.objects), () => {})
  const uploadSeconds = (performance.now() - started) / 1000
  const input = world.inputOf({ kind: 'csv', upload, filename: 'bars.csv' } as const, 'bench')
  await world.activities.openSync(input)
  const cacheDir = await mkdtemp(join(tmpdir(), 'quantloop-bench-cache-'))
  try {
    const answer = await importing.import({
      databaseUrl: world.databaseUrl,
      store: world.store.config,
      cacheDir,
      syncId: input.syncId,
      upload,
      parent,
    })
    return { ...answer, seconds: answer.seconds + uploadSeconds, uploadSeconds }
  } finally {
    await rm(cacheDir, { recursive: true, force: true })
  }
}

/** The routes of the API without their HTTP. */
const straight = (objects: ObjectStore): UploadResources => ({
  create: () => objects.presignUpload(),
  begin: (bytes) => objects.beginMultipart(bytes),
  urls: async (upload, uploadId, numbers) => ({
    urls: await Promise.all(numbers.map(async (number) => ({ number, url: await objects.presignPart(upload, uploadId, number) }))),
  }),
  parts: async (upload, uploadId) => ({ parts: await objects.storedParts(upload, uploadId) }),
  complete: async (upload, { uploadId, bytes }) => {
    await objects.completeMultipart(upload, uploadId, await objects.storedParts(upload, uploadId))
    return { upload, bytes }
  },
})

export const shown = (steps: ImportAnswer['steps']) =>
  Object.entries(steps)
    .map(([step, seconds]) => `${step} ${seconds.toFixed(2)} s`)
    .join(', ')
export const say = (line: string) => process.stderr.write(`${line}\n`)
