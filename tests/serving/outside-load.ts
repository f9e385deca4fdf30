import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LoadAnswer, LoadOrder } from './load.ts'

const program = fileURLToPath(new URL('./load.ts', import.meta.url))

/** Starts clients in a process of their own; `stop` answers with what each of their requests came to. */
export async function startLoad(order: LoadOrder): Promise<{ stop(): Promise<LoadAnswer[]> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    env: { ...process.env, LOAD: JSON.stringify(order) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output: Buffer[] = []
  child.stdout.on('data', (data: Buffer) => output.push(data))
  await once(child.stdout, 'data')
  return {
    stop: async () => {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      await closed
      return JSON.parse(Buffer.concat(output).toString('utf8').slice('asking\n'.length)) as LoadAnswer[]
    },
  }
}
