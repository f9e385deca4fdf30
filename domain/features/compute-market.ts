/** Columns of a whole market in memory, cross-sections included: for checks and traces. A build goes by stages and slices. */
import type { Expression } from '../expressions/expression.ts'
import { crossSectionOf } from '../expressions/operators.ts'
import { stagesOf } from '../expressions/stages.ts'
import { concatenateFloats, concatenateIntegers } from '../concatenate.ts'
import type { CorporateAction } from '../market/actions.ts'
import { compareText } from '../market/actions.ts'
import type { BarColumns } from '../market/bars.ts'
import type { Membership } from '../market/membership.ts'
import { dayOf } from '../market/session-days.ts'
import { computeColumns, type GivenColumns } from './compute-features.ts'
import { computeCrossSection, orderBySession } from './cross-section.ts'

export type SymbolHistory = { bars: BarColumns; actions: readonly CorporateAction[] }

/** Columns of one symbol; `given` are the cross-sections that they read. */
export type ComputeSymbol = (
  expressions: readonly Expression[],
  history: SymbolHistory,
  given: GivenColumns,
) => Float32Array[] | Promise<Float32Array[]>

const computeHere: ComputeSymbol = (expressions, { bars, actions }, given) => computeColumns(expressions, bars, actions, given)

/**
 * By symbol one float32 column an expression, on the symbol's own sessions. `wanted` are the symbols that are answered; all
 * of the histories are read. Cross-sections are over `members`, by default over all. Memory: a column of the whole market
 * for each cross-section.
 */
export async function computeMarket(
  expressions: readonly Expression[],
  histories: readonly SymbolHistory[],
  wanted: ReadonlySet<string>,
  { compute = computeHere, members }: { compute?: ComputeSymbol; members?: Membership | undefined } = {},
): Promise<Map<string, Float32Array[]>> {
  const market = histories.toSorted((a, b) => compareText(a.bars.symbol, b.bars.symbol))
  const given = market.map(() => new Map<string, Float32Array>())
  const order = orderBySession(
    concatenateIntegers(market.map(({ bars }) => Int32Array.from(bars.sessions, (session) => dayOf(session)!))),
    members && membersAmong(market, members),
  )
  for (const stage of stagesOf(expressions)) {
    const operands = await Promise.all(
      market.map(async (history, index) =>
        compute(
          stage.map(({ operand }) => operand),
          history,
          given[index]!,
        ),
      ),
    )
    for (const [at, { text, node }] of stage.entries()) {
      const values = concatenateFloats(operands.map((columns) => columns[at]!))
      const answers = computeCrossSection(order, values, crossSectionOf(node)!)
      let from = 0
      // in memory of their own: a thread that computes one symbol is sent no more
      for (const [index, { bars }] of market.entries()) given[index]!.set(text, answers.slice(from, (from += bars.sessions.length)))
    }
  }
  const found = new Map<string, Float32Array[]>()
  for (const [index, history] of market.entries())
    if (wanted.has(history.bars.symbol)) found.set(history.bars.symbol, await compute(expressions, history, given[index]!))
  return found
}

/** 1 for each row of a member, in the order of the histories. */
function membersAmong(market: readonly SymbolHistory[], members: Membership): Uint8Array {
  const among = new Uint8Array(market.reduce((rows, { bars }) => rows + bars.sessions.length, 0))
  let at = 0
  for (const { bars } of market)
    for (const session of bars.sessions) among[at++] = members.spanOn(bars.symbol, session) === undefined ? 0 : 1
  return among
}
