/** Runs in a thread of the pool: computes columns of one symbol. */
import { move } from 'piscina'
import { parse } from '#domain/expressions/parse.ts'
import type { Plan } from '#domain/expressions/plan.ts'
import { planColumns, runPlan } from '#domain/features/compute-features.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'

export type ColumnTask = { bars: BarColumns; actions: CorporateAction[]; expressions: string[] }

/** The columns one after another, in the order of the expressions; their memory is handed over, not copied. */
export function computeSymbol({ bars, actions, expressions }: ColumnTask): Float32Array {
  const rows = bars.sessions.length
  const out = new Float32Array(rows * expressions.length)
  const columns = expressions.map((_, index) => out.subarray(index * rows, (index + 1) * rows))
  runPlan(planOf(expressions), bars, actions, columns)
  return move(out) as Float32Array
}

let latest: { key: string; plan: Plan } | undefined

/** One symbol after another asks for the same columns. */
function planOf(expressions: readonly string[]): Plan {
  const key = JSON.stringify(expressions)
  if (latest?.key !== key) latest = { key, plan: planColumns(expressions.map(parse)) }
  return latest.plan
}
