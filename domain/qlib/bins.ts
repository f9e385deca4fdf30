/**
 * Qlib's binary columns (its FileFeatureStorage): float32, little-endian; the first number is the index of the calendar
 * session that the second belongs to, and so on without a break. NaN is a session without a value. NaNs are written with
 * the bits 0x7fc00000, which are NumPy's.
 */
export type Bin = { start: number; values: Float32Array }

/** @throws RangeError for bytes that are no column within a calendar of `sessions` */
export function decodeBin(bytes: Uint8Array, sessions: number): Bin {
  if (bytes.length < 4 || bytes.length % 4 !== 0) throw new RangeError(`has ${bytes.length} bytes: a column is whole numbers of four`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = view.getFloat32(0, true)
  const count = bytes.length / 4 - 1
  if (!Number.isInteger(start) || start < 0 || start + count > sessions)
    throw new RangeError(`begins at session ${start} and has ${count} values, but its calendar has ${sessions} sessions`)
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) values[i] = view.getFloat32(4 * i + 4, true)
  return { start, values }
}

export function encodeBin({ start, values }: Bin): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length + 4))
  view.setFloat32(0, start, true)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) view.setUint32(4 * i + 4, 0x7fc00000, true)
    else view.setFloat32(4 * i + 4, value, true)
  }
  return new Uint8Array(view.buffer)
}

/** A symbol's column as Qlib lays it: from its first session to its last, NaN where it has no bar between them. */
export function binOf(sessions: readonly string[], column: ArrayLike<number>, indexOf: ReadonlyMap<string, number>): Bin {
  const start = indexOf.get(sessions[0]!)!
  const values = new Float32Array(indexOf.get(sessions.at(-1)!)! - start + 1).fill(Number.NaN)
  sessions.forEach((session, row) => (values[indexOf.get(session)! - start] = column[row]!))
  return { start, values }
}
