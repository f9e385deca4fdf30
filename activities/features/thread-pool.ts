import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { type ColumnTask, type Computed, type ComputedRuns, runsOfCells } from './compute-thread.ts'
import { columnsOfStack, type Stack } from './symbol-stacks.ts'

export type ColumnComputer = {
  /** By task and run one float32 column an expression, on the rows that it keeps, and states. One thread takes all that are asked together. */
  compute(tasks: readonly ColumnTask[]): Promise<ComputedRuns>
  /** One float32 column an expression, on the rows that the pieces keep, which stand one behind the other. */
  computeStack(stack: Stack): Promise<Float32Array[]>
}

export type ThreadPool = ColumnComputer & { close(): Promise<void> }

/** Threads that compute columns, as many at once as asked for; the process's own thread stays free to heartbeat. */
export function createThreadPool(threads: number): ThreadPool {
  const pool = new Piscina<readonly ColumnTask[] | Stack, Computed | Float32Array>({
    filename: fileURLToPath(new URL('./compute-thread.ts', import.meta.url)),
    name: 'computeSymbols',
    // one that ended for want of work would have to load everything again for the next session
    minThreads: threads,
    maxThreads: threads,
    execArgv: ['--import', import.meta.resolve('tsx')],
  })
  return {
    async compute(tasks) {
      return runsOfCells(tasks, (await pool.run(tasks)) as Computed)
    },
    async computeStack(stack) {
      const cells = await pool.run(stack, { name: 'computeStack', transferList: [stack.values.buffer] })
      return columnsOfStack(stack, cells as Float32Array)
    },
    close: () => pool.close(),
  }
}
