import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type { ColumnTask } from './compute-thread.ts'

export type ThreadPool = {
  /** One float32 column an expression, on the bars' own sessions. */
  compute(task: ColumnTask): Promise<Float32Array[]>
  close(): Promise<void>
}

/** Threads that compute columns, as many at once as asked for; the process's own thread stays free to heartbeat. */
export function createThreadPool(threads: number): ThreadPool {
  const pool = new Piscina<ColumnTask, Float32Array>({
    filename: fileURLToPath(new URL('./compute-thread.ts', import.meta.url)),
    name: 'computeSymbol',
    // one that ended for want of work would have to load everything again for the next session
    minThreads: threads,
    maxThreads: threads,
    execArgv: ['--import', import.meta.resolve('tsx')],
  })
  return {
    async compute(task) {
      const rows = task.bars.sessions.length
      const columns = await pool.run(task)
      return task.expressions.map((_, index) => columns.subarray(index * rows, (index + 1) * rows))
    },
    close: () => pool.close(),
  }
}
