import { gunzipSync } from 'node:zlib'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from '#storage/object-store.ts'

const objectKey = /objects\/[0-9a-f]{2}\/[0-9a-f]{64}\.[a-z]+/g
const atOnce = 8

/**
 * Everything that is reached from some keys. Objects that name others are JSON, compressed or not: manifests, sidecars, checkpoints; a key
 * counts as named wherever its text stands in one. What an object names never changes, so each is read once.
 */
export class Reach {
  private readonly objects: Pick<ObjectStore, 'get'>
  private readonly named = new Map<string, readonly string[]>()

  constructor(objects: Pick<ObjectStore, 'get'>) {
    this.objects = objects
  }

  /**
   * With `strict`, an object that cannot be read is an error, for what it names would be taken for garbage.
   * @throws QuantloopError object_missing | object_corrupt | unavailable
   */
  async from(roots: Iterable<string>, { strict, cancelled }: { strict: boolean; cancelled: AbortSignal }): Promise<Set<string>> {
    const reached = new Set(roots)
    let front = [...reached]
    while (front.length > 0) {
      const next: string[] = []
      for (let at = 0; at < front.length; at += atOnce) {
        cancelled.throwIfAborted()
        for (const named of await Promise.all(front.slice(at, at + atOnce).map((key) => this.namedBy(key, strict))))
          for (const key of named) {
            if (reached.has(key)) continue
            reached.add(key)
            next.push(key)
          }
      }
      front = next
    }
    return reached
  }

  private async namedBy(key: string, strict: boolean): Promise<readonly string[]> {
    if (!key.startsWith('objects/') || !/\.(?:json|gz)$/.test(key)) return []
    const known = this.named.get(key)
    if (known !== undefined) return known
    try {
      const bytes = await this.objects.get(refOf(key))
      const text = new TextDecoder().decode(key.endsWith('.gz') ? gunzipSync(bytes) : bytes)
      const found = [...new Set(text.match(objectKey))]
      this.named.set(key, found)
      return found
    } catch (error) {
      if (!(error instanceof QuantloopError) || error.code === 'unavailable') throw error
      if (!strict) return []
      throw new QuantloopError(
        error.code,
        `nothing can be collected: ${key} is needed and cannot be read, so what it needs is not known. Run \`quantloop data verify --repair\`, or restore it (${error.message})`,
        error.place,
        { cause: error },
      )
    }
  }
}

/** Its length plays no part in reading it. */
const refOf = (key: string): ObjectRef => ({ uri: key, sha256: key.slice('objects/xx/'.length, 'objects/xx/'.length + 64), bytes: 0 })
