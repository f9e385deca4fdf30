import { createHash } from 'node:crypto'

/** The hash of a text's UTF-8 bytes, in lower-case hexadecimal: what content is known by. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
