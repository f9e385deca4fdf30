import { createHash } from 'node:crypto'
import type { TraceLink } from '#contracts/predictions.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from '#storage/object-store.ts'

type What = TraceLink['what']

/** The links of one trace as they are found, each hashed again from the bytes themselves. */
export class Evidence {
  readonly links: TraceLink[] = []
  private readonly objects: ObjectStore
  private readonly cancelled: AbortSignal

  constructor(objects: ObjectStore, cancelled: AbortSignal) {
    this.objects = objects
    this.cancelled = cancelled
  }

  get holds(): boolean {
    return this.links.every(({ matches }) => matches)
  }

  /** Hashes the object as the store has it now. @throws QuantloopError object_missing | unavailable */
  async rehash(what: What, ref: ObjectRef): Promise<boolean> {
    this.cancelled.throwIfAborted()
    return this.compare(what, ref.uri, ref.sha256, await this.objects.rehash(ref))
  }

  /** The object's bytes, or nothing when they are not those that its reference names. */
  async read(what: What, ref: ObjectRef): Promise<Uint8Array | undefined> {
    return (await this.rehash(what, ref)) ? await this.objects.get(ref) : undefined
  }

  compare(what: What, name: string, recordedSha256: string, actualSha256: string): boolean {
    const matches = recordedSha256 === actualSha256
    this.links.push({ what, name, recordedSha256, actualSha256, matches })
    return matches
  }
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
