/**
 * The states of recursive steps at the end of a slice, by symbol and by the step's name, as bytes: a header of JSON that
 * says whose numbers follow, then those in float64 (little-endian), symbol by symbol and step by step. The same states give
 * the same bytes, in whatever order they are given.
 */
import { compareText } from '../market/actions.ts'

/** By symbol and step the numbers of a state (expressions/state-numbers.ts). */
export type SliceStates = ReadonlyMap<string, ReadonlyMap<string, Float64Array>>

/** Steps and symbols ascend; `absent` are the places, counted symbol by symbol and step by step, of which no state is there. */
type Header = { steps: [name: string, numbers: number][]; symbols: string[]; absent: number[] }

const lengthBytes = Uint32Array.BYTES_PER_ELEMENT

/** Nothing when there is no state. */
export function encodeStates(states: SliceStates): Uint8Array | undefined {
  const symbols = [...states.keys()].filter((symbol) => states.get(symbol)!.size > 0).sort(compareText)
  if (symbols.length === 0) return undefined
  const sizes = new Map<string, number>()
  for (const own of states.values()) for (const [name, numbers] of own) sizes.set(name, numbers.length)
  const steps = [...sizes].sort(([a], [b]) => compareText(a, b))
  const absent: number[] = []
  const numbers = new Float64Array(symbols.length * steps.reduce((sum, [, size]) => sum + size, 0))
  let at = 0
  let place = 0
  for (const symbol of symbols) {
    const own = states.get(symbol)!
    for (const [name, size] of steps) {
      const state = own.get(name)
      if (state === undefined) absent.push(place)
      else for (let index = 0; index < size; index++) numbers[at++] = state[index]!
      place++
    }
  }
  const header = new TextEncoder().encode(JSON.stringify({ steps, symbols, absent } satisfies Header))
  const there = new Uint8Array(numbers.buffer, 0, at * numbers.BYTES_PER_ELEMENT)
  const bytes = new Uint8Array(lengthBytes + header.length + there.length)
  new DataView(bytes.buffer).setUint32(0, header.length, true)
  bytes.set(header, lengthBytes)
  bytes.set(there, lengthBytes + header.length)
  return bytes
}

/** What `encodeStates` was given. */
export function decodeStates(bytes: Uint8Array): SliceStates {
  const numbersAt = lengthBytes + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const { steps, symbols, absent } = JSON.parse(new TextDecoder().decode(bytes.subarray(lengthBytes, numbersAt))) as Header
  // in memory of their own, for these bytes may begin anywhere
  const numbers = new Float64Array(new Uint8Array(bytes.subarray(numbersAt)).buffer)
  const missing = new Set(absent)
  const states = new Map<string, Map<string, Float64Array>>()
  let at = 0
  for (const [index, symbol] of symbols.entries()) {
    const own = new Map<string, Float64Array>()
    for (const [step, [name, size]] of steps.entries())
      if (!missing.has(index * steps.length + step)) own.set(name, numbers.subarray(at, (at += size)))
    states.set(symbol, own)
  }
  return states
}

/** The states of some slices that end alike, each of which may hold others. */
export function joinStates(parts: readonly SliceStates[]): SliceStates {
  if (parts.length === 1) return parts[0]!
  const joined = new Map<string, Map<string, Float64Array>>()
  for (const part of parts) for (const [symbol, own] of part) joined.set(symbol, new Map([...(joined.get(symbol) ?? []), ...own]))
  return joined
}
