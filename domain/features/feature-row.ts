/** One row of features as serving holds it and a model reads it: float32, little-endian, in the feature set's order. */
export function featureRowAt(columns: readonly Float32Array[], row: number): Uint8Array {
  const bytes = new Uint8Array(columns.length * 4)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < columns.length; index++) {
    const value = columns[index]![row]!
    // one NaN for all, so that equal rows have equal hashes
    if (Number.isNaN(value)) view.setUint32(index * 4, 0x7fc00000, true)
    else view.setFloat32(index * 4, value, true)
  }
  return bytes
}
