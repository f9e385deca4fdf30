import type { Stack } from '#activities/features/symbol-stacks.ts'
import type { RunRecursion } from '#activities/features/runs.ts'
import type { ColumnTask } from '#activities/features/compute-thread.ts'
import type { ColumnComputer, ThreadPool } from '#activities/features/thread-pool.ts'

/** A run that a pool was asked for, in rows; `sent` are the sessions that a thread was sent for it, which a stack does not tell. */
export type AskedRun = {
  symbol: string
  expressions: readonly string[]
  read: number
  kept: number
  /** read before those that are kept */
  before: number
  recursive: boolean
  /** rows between the latest state that a recursive step goes on from and those that are kept */
  sinceState?: number
  givenCrossSections: boolean
  sent?: readonly string[]
}

const rows = ({ from, to }: { from: number; to: number }) => to - from

const latestState = ({ starts: { rows, resumed } }: RunRecursion) => Math.max(...[...resumed.keys()].map((step) => rows[step]!))

export const runsOfTasks = (tasks: readonly ColumnTask[]): AskedRun[] =>
  tasks.flatMap(({ bars: { symbol, sessions }, runs, given }) =>
    runs.map(({ expressions, read, keep, recursion }) => ({
      symbol,
      expressions,
      read: rows(read),
      kept: rows(keep),
      before: keep.from - read.from,
      recursive: recursion !== undefined,
      ...(recursion && { sinceState: keep.from - read.from - latestState(recursion) }),
      givenCrossSections: given !== undefined,
      sent: sessions,
    })),
  )

const runsOfStack = ({ expressions, pieces }: Stack): AskedRun[] =>
  pieces.map((piece) => ({
    symbol: piece.symbol,
    expressions,
    read: rows(piece),
    kept: rows(piece.keep),
    before: piece.keep.from - piece.from,
    recursive: false,
    givenCrossSections: false,
  }))

/** A pool that tells what it is asked for before it computes that, and then computes it. */
export const watchedPool = (pool: () => ThreadPool, hear: (runs: AskedRun[]) => void | Promise<void>): ThreadPool => ({
  async compute(tasks) {
    await hear(runsOfTasks(tasks))
    return await pool().compute(tasks)
  },
  async computeStack(stack) {
    await hear(runsOfStack(stack))
    return await pool().computeStack(stack)
  },
  close: () => pool().close(),
})

/** A pool of which every computation fails. */
export const failingPool = (error: () => Error): ColumnComputer => ({
  async compute() {
    throw error()
  },
  async computeStack() {
    throw error()
  },
})
