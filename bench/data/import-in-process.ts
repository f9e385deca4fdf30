import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ObjectRef, UploadRef } from '#contracts/references.ts'
import type { createObjectStore } from '#storage/minio-object-store.ts'

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

/** From an upload to a snapshot's manifest, in a process of its own. */
export async function importInProcess(question: ImportQuestion): Promise<ImportAnswer> {
  const script = fileURLToPath(new URL('import-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  child.stdin.end(JSON.stringify(question))
  const answer = await text(child.stdout)
  const code = await ended
  if (code !== 0) throw new Error(`the import ended with ${code}`)
  return JSON.parse(answer) as ImportAnswer
}
