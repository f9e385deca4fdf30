/**
 * `.quantloop/stack.json`: what `quantloop up` decided and started on this machine. Readable by its owner only, for it
 * holds passwords and the first admin key. Only the supervisor writes it.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { QuantloopError } from '#contracts/errors.ts'

export const ProcessState = z.enum(['starting', 'ready', 'restarting', 'stopped'])
export type ProcessState = z.infer<typeof ProcessState>

export const ProcessRecord = z.strictObject({
  state: ProcessState,
  /** null while no process of that name runs */
  pid: z.int().positive().nullable(),
  /** with the pid, one process for ever */
  startedAt: z.string().nullable(),
  url: z.string().nullable(),
  restarts: z.int().nonnegative(),
  after: z.array(z.string()),
  farewell: z.strictObject({ signal: z.enum(['SIGTERM', 'SIGINT']), graceMs: z.int().positive() }),
  /** what it was started with: a survivor with another one is replaced, not adopted */
  fingerprint: z.string(),
  /** why it is not ready */
  trouble: z.string().nullable(),
})
export type ProcessRecord = z.infer<typeof ProcessRecord>

export const StackFile = z.strictObject({
  version: z.literal(1),
  /** who wrote this, and whether everything has come up under it */
  supervisor: z.strictObject({ pid: z.int().positive(), startedAt: z.string(), up: z.boolean() }).nullable(),
  /** why the last start-up was given up */
  failure: z.string().nullable(),
  /** configuration decided by `up`, by the paths of config.ts: a layer below quantloop.yaml */
  settings: z.record(z.string(), z.union([z.string(), z.number()])),
  /** ports that are kept across restarts */
  ports: z.record(z.string(), z.int()),
  /** secrets of servers that we run */
  secrets: z.record(z.string(), z.string()),
  processes: z.record(z.string(), ProcessRecord),
})
export type StackFile = z.infer<typeof StackFile>

export const stackFilePath = (stateDir: string) => join(stateDir, 'stack.json')

/** @throws QuantloopError internal: the file is there and is not one of ours */
export function readStackFile(stateDir: string): StackFile | undefined {
  const file = stackFilePath(stateDir)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return StackFile.parse(JSON.parse(text))
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
    throw new QuantloopError(
      'internal',
      `${file} cannot be read (${reason}): restore it, for it holds the passwords of the local servers`,
      { file },
    )
  }
}

/** Replaced as a whole, so that a reader never sees half of it. Synchronous: a process is on file before anything else happens. */
export function writeStackFile(stateDir: string, content: StackFile): void {
  const file = stackFilePath(stateDir)
  const half = `${file}.${randomBytes(4).toString('hex')}`
  writeFileSync(half, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  renameSync(half, file)
}
