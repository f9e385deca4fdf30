import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ObjectRef, UploadRef } from '#contracts/references.ts'
import type { createObjectStore } from '#storage/minio-object-store.ts'

const script = fileURLToPath(new URL('import-process.ts', import.meta.url))

export type ImportQuestion = {
  databaseUrl: string
  store: Parameters<typeof createObjectStore>[0]
  cacheDir: string
  /** its run is open */
  syncId: string
  upload: UploadRef
  parent: ObjectRef | null
}

/** Megabytes resident before the import, and at most. */
export type ImportAnswer = {
  manifest: ObjectRef
  rows: number
  quarantined: number
  seconds: number
  steps: { import: number; check: number; compose: number }
  memory: { before: number; most: number }
}

/** Makes snapshots' manifests of uploads. */
export class ImportingProcess {
  private readonly child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], { stdio: ['pipe', 'pipe', 'inherit'] })
  private readonly answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()

  async import(question: ImportQuestion): Promise<ImportAnswer> {
    this.child.stdin.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await this.answers.next()
    if (done === true) throw new Error('the importing process ended before it answered')
    return JSON.parse(value) as ImportAnswer
  }

  /** Ends the process by ending its input, and waits for it. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null) return
    const ended = once(this.child, 'exit')
    this.child.stdin.end()
    await ended
  }
}
