/**
 * What a build computes before its own columns: by stage lists of operands, which become shards symbol by symbol, and
 * the cross-sections that are made of them, some at a time.
 */
import { crossSectionOf } from '../expressions/operators.ts'
import type { CrossSection } from '../expressions/operator.ts'
import { parse } from '../expressions/parse.ts'
import { print } from '../expressions/print.ts'
import { lookahead, lookback, ownReach } from '../expressions/reach.ts'
import { type CrossSectionNode, stagesOf } from '../expressions/stages.ts'
import type { FeatureSet } from '../feature-sets/feature-set.ts'
import { type Label, type ShardColumn, shardColumns } from './definitions.ts'

/** A cross-section as a column, and the text of what it is computed from. */
export type CrossColumn = { column: ShardColumn; operand: string; section: CrossSection }

/** Columns that a group of symbols computes together, and the cross-sections over them in chunks. */
export type OperandList = { operands: ShardColumn[]; chunks: CrossColumn[][] }

/** What of a session's market is held at once is so many columns. */
const columnsAChunk = 64

/** None for a set in which no symbol reads another. */
export function buildStages(set: Pick<FeatureSet, 'features'>, label: Label): OperandList[][] {
  const expressions = shardColumns(set, label).map(({ text }) => parse(text))
  return stagesOf(expressions).map((stage) => {
    // what looks ahead changes when a session lands: the others' shards do not change with it
    const past = stage.filter(({ operand }) => lookahead(operand) === 0)
    const ahead = stage.filter(({ operand }) => lookahead(operand) > 0)
    return [past, ahead].filter((list) => list.length > 0).map(listOf)
  })
}

/** Every chunk of a stage with the list that it belongs to, in order. */
export const chunksOf = (stage: readonly OperandList[]): { list: number; columns: CrossColumn[] }[] =>
  stage.flatMap(({ chunks }, list) => chunks.map((columns) => ({ list, columns })))

function listOf(nodes: readonly CrossSectionNode[]): OperandList {
  const operands = new Map<string, ShardColumn>()
  const columns = nodes.map(({ text, node, operand }): CrossColumn => {
    const read = print(operand)
    operands.set(read, { name: read, text: read, ahead: ownReach(operand).to, lookback: lookback(operand) })
    return { column: { name: text, text, ahead: 0, lookback: lookback(node) }, operand: read, section: crossSectionOf(node)! }
  })
  const chunks = Array.from({ length: Math.ceil(columns.length / columnsAChunk) }, (_, index) =>
    columns.slice(index * columnsAChunk, (index + 1) * columnsAChunk),
  )
  return { operands: [...operands.values()], chunks }
}
