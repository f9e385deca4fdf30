/**
 * Gaps in what an indicator reads. TA-Lib has no rule for them: it waits for the first complete row, and a later NaN
 * stays in its sums for ever. Here an indicator runs over the rows whose inputs are all finite, as if the others were
 * not there, and answers NaN on the others. Without gaps that is TA-Lib exactly.
 */
export function overPresentRows(
  inputs: readonly Float64Array[],
  indicator: (inputs: readonly Float64Array[]) => Float64Array[],
): Float64Array[] {
  const rows = inputs[0]!.length
  const present = presentRows(inputs, rows)
  if (present === undefined) return indicator(inputs)
  return indicator(gathered(inputs, present)).map((line) => {
    const out = new Float64Array(rows)
    spread(line, present, out)
    return out
  })
}

/** As `overPresentRows`, into lines that are there. */
export function writePresentRows(
  inputs: readonly Float64Array[],
  lines: readonly Float64Array[],
  write: (inputs: readonly Float64Array[], lines: readonly Float64Array[]) => void,
): void {
  const present = presentRows(inputs, inputs[0]!.length)
  if (present === undefined) return write(inputs, lines)
  const dense = lines.map(() => new Float64Array(present.length))
  write(gathered(inputs, present), dense)
  for (const [index, line] of lines.entries()) spread(dense[index]!, present, line)
}

function gathered(inputs: readonly Float64Array[], present: Int32Array): Float64Array[] {
  return inputs.map((input) => {
    const dense = new Float64Array(present.length)
    for (let i = 0; i < present.length; i++) dense[i] = input[present[i]!]!
    return dense
  })
}

function spread(values: Float64Array, present: Int32Array, out: Float64Array): void {
  out.fill(NaN)
  for (let i = 0; i < present.length; i++) out[present[i]!] = values[i]!
}

/** undefined when no row is missing. */
function presentRows(inputs: readonly Float64Array[], rows: number): Int32Array | undefined {
  if (inputs.every(allFinite)) return undefined
  const present = new Int32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row++) if (inputs.every((input) => Number.isFinite(input[row]!))) present[count++] = row
  return present.subarray(0, count)
}

function allFinite(values: Float64Array): boolean {
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    // a number less itself is 0, anything else less itself NaN
    if (value - value !== 0) return false
  }
  return true
}
