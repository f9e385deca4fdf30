/** A process that composes a snapshot on a real store, says when all chunks are stored, and never gets to the manifest. */
import { text } from 'node:stream/consumers'
import { composeSnapshot, type Composition } from '#activities/datasets/compose-snapshot.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'

type Question = { store: Parameters<typeof createObjectStore>[0]; cacheDir: string; composition: Omit<Composition, 'cancelled'> }

const { store, cacheDir, composition } = JSON.parse(await text(process.stdin)) as Question
const objects = createObjectStore(store, { cacheDir })
const stuck = {
  ...objects,
  put: (...args: Parameters<typeof objects.put>) => {
    if (args[1] !== 'json') return objects.put(...args)
    process.stdout.write('the chunks are stored\n')
    setInterval(() => {}, 1_000)
    return new Promise<never>(() => {})
  },
}
await composeSnapshot(stuck, { ...composition, cancelled: new AbortController().signal })
