import { sha256 } from '#domain/sha256.ts'

/** An id that the same text always gives: RFC 9562 version 8, the first 122 bits of the text's SHA-256. */
export function derivedId(text: string): string {
  const hash = sha256(text)
  const variant = ((Number.parseInt(hash[16]!, 16) & 0x3) | 0x8).toString(16)
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}
