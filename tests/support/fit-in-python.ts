import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type FitInput, FitResult } from '#contracts/training.ts'
import type { testObjectStore } from './object-store.ts'
import { testServices } from './services.ts'

type World = { databaseUrl: string; store: Pick<Awaited<ReturnType<typeof testObjectStore>>, 'config' | 'cacheDir'> }

type Told = { kind: 'progress' } | { kind: 'done'; result: unknown } | { kind: 'failure'; code: string; message: string }

/** The trainer's fitting process itself, without Temporal before it. */
export async function fitInPython({ databaseUrl, store }: World, fit: FitInput): Promise<FitResult> {
  const { endpoint, bucket, region, accessKey, secretKey } = store.config
  const child = spawn(testServices().python, ['-m', 'quantloop_trainer.fit'], {
    cwd: fileURLToPath(new URL('../../trainer', import.meta.url)),
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...process.env,
      OPENBLAS_NUM_THREADS: '1',
      QUANTLOOP_TRAINER_DATABASE_URL: databaseUrl,
      QUANTLOOP_S3_ENDPOINT: endpoint,
      QUANTLOOP_S3_BUCKET: bucket,
      QUANTLOOP_S3_REGION: region,
      QUANTLOOP_S3_ACCESS_KEY: accessKey,
      QUANTLOOP_S3_SECRET_KEY: secretKey,
      QUANTLOOP_STATE_DIR: store.cacheDir,
      QUANTLOOP_TEMPORAL_ADDRESS: 'nowhere',
    },
  })
  const ended = once(child, 'close')
  // it stays open while the fit goes on: its end would tell the child that nobody waits any more
  child.stdin.write(`${JSON.stringify(fit)}\n`)
  let last: Told | undefined
  for await (const line of createInterface({ input: child.stdout })) last = JSON.parse(line) as Told
  child.stdin.end()
  const [status] = (await ended) as [number | null]
  if (last?.kind !== 'done') throw new Error(`the fit ended with ${status}: ${JSON.stringify(last)}`)
  return FitResult.parse(last.result)
}
