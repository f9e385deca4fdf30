import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from '#storage/object-store.ts'

const atOnce = 16

/**
 * Asks the store itself whether it has all of these, whole by their length.
 * @throws QuantloopError object_missing, naming the first that is not there | unavailable
 */
export async function assertStored(objects: Pick<ObjectStore, 'find'>, refs: readonly ObjectRef[]): Promise<void> {
  for (let from = 0; from < refs.length; from += atOnce) {
    const some = refs.slice(from, from + atOnce)
    const found = await Promise.all(some.map(({ uri }) => objects.find(uri)))
    const absent = some.find(({ bytes }, index) => found[index]?.bytes !== bytes)
    if (absent !== undefined)
      throw new QuantloopError(
        'object_missing',
        `${absent.uri} is not in the object store any more, or not whole: what was to name it must be made again`,
        { object: absent.uri },
      )
  }
}
