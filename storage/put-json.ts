import { canonicalJsonBytes } from '#contracts/canonical-json.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from './object-store.ts'

/** Stores a value as canonical JSON: equal values are one object. @throws QuantloopError unavailable */
export const putJson = (objects: Pick<ObjectStore, 'put'>, value: unknown): Promise<ObjectRef> =>
  objects.put(canonicalJsonBytes(value), 'json')
