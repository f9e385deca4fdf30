import { Listr } from 'listr2'
import { readStackFile, type StackFile } from '#config/stack-file.ts'
import { followStartUp, startSupervisor } from '#stack/detached.ts'
import type { ProcessIdentity } from '#stack/process-identity.ts'
import { partNames } from '#stack/services.ts'
import type { CliContext } from './context.ts'

/** Starts the stack under a supervisor that outlives this process, and comes back when everything works. */
export async function startStack(context: CliContext): Promise<void> {
  const { stateDir } = await context.config()
  const supervisor = await startSupervisor({ cwd: process.cwd(), env: process.env })
  await showStartUp(context, stateDir, supervisor)
}

/** A line for each part, ticked when it works. */
export async function showStartUp(context: CliContext, stateDir: string, supervisor: ProcessIdentity, signal?: AbortSignal): Promise<void> {
  const parts = partNames(await context.config())
  const waiting = new Map<string, (file: StackFile) => void>()
  const ticked = parts.map((name) => new Promise<StackFile>((resolve) => waiting.set(name, resolve)))
  const following = followStartUp(stateDir, supervisor, {
    onState: (file) => {
      for (const [name, tick] of waiting) if (isDone(file, name)) tick(file)
    },
    ...(signal ? { signal } : {}),
  })
  const tasks = parts.map((name, index) => ({
    title: name,
    task: async (_: unknown, task: { title: string }) => {
      // why it failed is told once, by `following`; its own line says only its own trouble
      const file = await Promise.race([ticked[index]!, following]).catch(() => {
        throw new Error(`${name}: ${readStackFile(stateDir)?.processes[name]?.trouble ?? 'stopped'}`)
      })
      task.title = `${name} ${file.processes[name]?.url ?? ''}`.trimEnd()
    },
  }))
  const renderer = context.json ? 'silent' : context.interactive ? 'default' : 'simple'
  await new Listr(tasks, { concurrent: true, exitOnError: false, renderer, registerSignalListeners: false }).run().catch(() => {})
  await following
}

/** A server that the configuration names is nobody's to start. */
const isDone = ({ processes }: StackFile, name: string) =>
  processes[name]?.state === 'ready' || (Object.keys(processes).length > 0 && processes[name] === undefined)
