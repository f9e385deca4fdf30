/**
 * Pseudo-random numbers that are the same on every machine: xoshiro128** (Blackman and Vigna 2021, ACM TOMS 47), seeded
 * by SplitMix32, in 32-bit integer arithmetic only. For resampling, never for secrets.
 */

/** Whole numbers in [0, bound), bound at most 2^21: each as likely as the others to one part in 2^11. */
export type WholeNumbers = (bound: number) => number

export function seededWholeNumbers(seed: number): WholeNumbers {
  const state = Uint32Array.from({ length: 4 }, splitMix(seed))
  return (bound) => Math.floor((next(state) / 2 ** 32) * bound)
}

function next(state: Uint32Array): number {
  const a = state[0]!
  const b = state[1]!
  const third = state[2]! ^ a
  const fourth = state[3]! ^ b
  state[0] = a ^ fourth
  state[1] = b ^ third
  state[2] = third ^ (b << 9)
  state[3] = rotate(fourth, 11)
  return Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
}

const rotate = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits))

function splitMix(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}
