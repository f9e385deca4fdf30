import { createHash } from 'node:crypto'

/** Equal for equal settings; tells nothing about their secrets. */
export const fingerprintOf = (settings: unknown) => createHash('sha256').update(JSON.stringify(settings)).digest('hex')
