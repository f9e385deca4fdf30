/** Runs in a thread of the pool: reads one symbol out of Qlib's folder and computes a set over it. */
import { move } from 'piscina'
import { evaluateInto } from '#domain/expressions/evaluate.ts'
import { parse } from '#domain/expressions/parse.ts'
import { type Plan, plan } from '#domain/expressions/plan.ts'
import { alpha158 } from '#domain/feature-sets/alpha158.ts'
import { alpha360 } from '#domain/feature-sets/alpha360.ts'
import { columnNames } from './market.ts'
import { readQlibColumn } from './qlib-folder.ts'

export type SymbolTask = { folder: string; symbol: string; set: 'alpha158' | 'alpha360' }

const planOf = (set: typeof alpha158): Plan =>
  plan(
    set.features.map(({ expression }) => parse(expression)),
    columnNames,
  )
const plans = { alpha158: planOf(alpha158), alpha360: planOf(alpha360) }

/** Hands its memory over, not a copy. */
export const computeInThread = (task: SymbolTask): Float32Array => move(computeSymbol(task)) as Float32Array

/** The features one after another, each over the symbol's sessions. */
export function computeSymbol({ folder, symbol, set }: SymbolTask): Float32Array {
  const source = Object.fromEntries(columnNames.map((name) => [name, readQlibColumn(folder, symbol, name)]))
  const rows = source['close']!.length
  const features = plans[set].outputs.length
  const out = new Float32Array(rows * features)
  evaluateInto(
    plans[set],
    source,
    Array.from({ length: features }, (_, feature) => out.subarray(feature * rows, (feature + 1) * rows)),
  )
  return out
}
