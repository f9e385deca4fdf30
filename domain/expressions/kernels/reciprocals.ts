/** 1/k for k up to `most`, so that a running mean multiplies where it would divide. */
export function reciprocals(most: number): Float64Array {
  if (known.length <= most) {
    known = new Float64Array(Math.max(most + 1, 2 * known.length))
    for (let k = 1; k < known.length; k++) known[k] = 1 / k
  }
  return known
}

let known = new Float64Array(0)
