import { type ColumnTask, computeCells, runsOfCells } from './compute-thread.ts'
import { cellsReadBy, columnsOfStack, computeStackCells } from './symbol-stacks.ts'
import type { ColumnComputer } from './thread-pool.ts'

/** Cells that are computed in some hundredths of a second, those counted that are read only because later ones follow from them. */
const mostCells = 250_000

/** There is more to compute than may hold up the thread that is asked. */
export class MuchToCompute extends Error {
  override readonly name = 'MuchToCompute'
}

/** Computes columns where it is called, if that is over in a moment. @throws MuchToCompute */
export const onThisThread: ColumnComputer = {
  async compute(tasks) {
    if (tasks.reduce((sum, task) => sum + cellsRead(task), 0) > mostCells) throw new MuchToCompute()
    return runsOfCells(tasks, computeCells(tasks))
  },
  async computeStack(stack) {
    if (cellsReadBy(stack) > mostCells) throw new MuchToCompute()
    return columnsOfStack(stack, computeStackCells(stack))
  },
}

const cellsRead = ({ runs }: ColumnTask) => runs.reduce((sum, { expressions, read }) => sum + expressions.length * (read.to - read.from), 0)
