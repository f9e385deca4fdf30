import { put } from './columns'

/** 1/k at k, from 1 to `most`, so that a running mean multiplies where it would divide. */
export function fillReciprocals(inverse: usize, most: i32): void {
  for (let k = 1; k <= most; k++) put(inverse, k, 1 / <f64>k)
}
