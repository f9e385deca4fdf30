import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeStates, encodeStates, joinStates, type SliceStates } from '#domain/features/slice-states.ts'
import { compareText } from '#domain/market/actions.ts'
import '#tests/support/property-seed.ts'

const sizes = { 'EMA($close:float32,12)': 3, 'TA_RSI($close:float64,14)': 5, 'TA_KAMA(“é”,10)': 13 }
const steps = Object.entries(sizes)

const number = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 5e-324, 1 / 3))
const statesOf = fc
  .dictionary(
    fc.constantFrom('AAA', 'BRK.B', 'ΑΒΓ', '600000'),
    fc.tuple(...steps.map(([, size]) => fc.option(fc.array(number, { minLength: size, maxLength: size })))),
  )
  .map(
    (bySymbol): SliceStates =>
      new Map(
        Object.entries(bySymbol).map(([symbol, own]) => [
          symbol,
          new Map(own.flatMap((numbers, step) => (numbers === null ? [] : [[steps[step]![0], Float64Array.from(numbers)] as const]))),
        ]),
      ),
  )

const reversed = (states: SliceStates): SliceStates =>
  new Map([...states].toReversed().map(([symbol, own]) => [symbol, new Map([...own].toReversed())]))

const entriesOf = (states: SliceStates) =>
  [...states]
    .flatMap(([symbol, own]) =>
      [...own].map(([name, numbers]) => `${symbol} ${name} ${Buffer.from(numbers.slice().buffer).toString('hex')}`),
    )
    .sort(compareText)

it('states come back bit by bit, from bytes that lie anywhere and do not depend on their order', () =>
  fc.assert(
    fc.property(statesOf, fc.nat(9), (states, offset) => {
      const bytes = encodeStates(states)
      expect(encodeStates(reversed(states))).toEqual(bytes)
      const stored = Buffer.alloc((bytes?.length ?? 0) + offset, 7)
      stored.set(bytes ?? [], offset)
      const decoded = bytes === undefined ? [] : entriesOf(decodeStates(stored.subarray(offset)))
      expect(decoded).toEqual(entriesOf(states))
    }),
  ))

it('are those of all parts together', () => {
  const part = (symbol: string, name: string, value: number): SliceStates => new Map([[symbol, new Map([[name, Float64Array.of(value)]])]])
  const joined = joinStates([part('AAA', 'x', 1), part('BBB', 'x', 2), part('AAA', 'y', 3)])
  expect(joined).toEqual(
    new Map([
      [
        'AAA',
        new Map([
          ['x', Float64Array.of(1)],
          ['y', Float64Array.of(3)],
        ]),
      ],
      ['BBB', new Map([['x', Float64Array.of(2)]])],
    ]),
  )
})

it('takes a few bytes beside its numbers', () => {
  const symbols = Array.from({ length: 40 }, (_, index) => `S${index}`)
  const states: SliceStates = new Map(
    symbols.map((symbol) => [symbol, new Map(steps.map(([name, size]) => [name, new Float64Array(size).fill(1)]))]),
  )
  const numbers = 40 * 8 * Object.values(sizes).reduce((sum, size) => sum + size, 0)
  expect(encodeStates(states)!.length).toBeLessThan(numbers + 500)
})
