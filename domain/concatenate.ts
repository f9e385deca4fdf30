/** The values of all parts, one behind the other; of one part the part itself. */
function concatenate<T extends Float32Array | Int32Array>(parts: readonly T[], make: (length: number) => T): T {
  const [only, ...others] = parts
  if (only !== undefined && others.length === 0) return only
  const whole = make(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export const concatenateFloats = (parts: readonly Float32Array[]): Float32Array => concatenate(parts, (length) => new Float32Array(length))

export const concatenateIntegers = (parts: readonly Int32Array[]): Int32Array => concatenate(parts, (length) => new Int32Array(length))
