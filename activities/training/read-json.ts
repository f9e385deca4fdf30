import type { z } from 'zod'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from '#storage/object-store.ts'

/** @throws QuantloopError object_corrupt when the object is not what its reference is for */
export async function readJson<T>(objects: ObjectStore, ref: ObjectRef, schema: z.ZodType<T>, what: string): Promise<T> {
  const text = new TextDecoder().decode(await objects.get(ref))
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw new QuantloopError(
      'object_corrupt',
      `${ref.uri} is no ${what}: ${(error as Error).message}`,
      { object: ref.uri },
      { cause: error },
    )
  }
}
