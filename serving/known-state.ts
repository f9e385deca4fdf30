import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { Role } from '#contracts/access.ts'
import { Endpoint } from '#contracts/deployments.ts'
import { Sha256 } from '#contracts/references.ts'
import { Name, Session, Ticker } from '#contracts/words.ts'
import type { ValidKey } from '#db/queries/valid-keys.ts'
import { featureRow, type HeldFeatures } from './feature-rows.ts'

/** What a replica must know to answer without PostgreSQL; the models themselves are in the content cache. */
export type KnownState = { endpoints: Endpoint[]; keys: ValidKey[]; features: HeldFeatures[] }

const Row = z.strictObject({ symbol: Ticker, session: Session, buildId: Sha256, sha256: Sha256, values: z.base64() })
const StoredState = z.strictObject({
  format: z.literal(2),
  endpoints: z.array(Endpoint),
  keys: z.array(z.strictObject({ keySha256: Sha256, role: Role, name: z.string() })),
  features: z.array(z.strictObject({ dataset: Name, featureHash: Sha256, digest: z.string(), rows: z.array(Row) })),
})

/** Replaces the file in one step, so that a reader finds the old state or the new one. */
export async function saveKnownState(path: string, { endpoints, keys, features }: KnownState): Promise<void> {
  const stored: z.infer<typeof StoredState> = {
    format: 2,
    endpoints,
    keys,
    features: features.map(({ rows, ...set }) => ({
      ...set,
      rows: [...rows.values()].map(({ values, ...row }) => ({ ...row, values: Buffer.from(values.buffer).toString('base64') })),
    })),
  }
  await mkdir(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}`
  const file = await open(unfinished, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(stored))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
}

/**
 * Nothing when no replica has served on this machine before.
 * @throws an error when the file is damaged, or a feature row's bytes do not match their hash
 */
export async function loadKnownState(path: string): Promise<KnownState | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const { endpoints, keys, features } = StoredState.parse(JSON.parse(text))
  return {
    endpoints,
    keys,
    features: features.map(({ rows, ...set }) => ({
      ...set,
      rows: new Map(rows.map(({ values, ...row }) => [row.symbol, featureRow(row, Buffer.from(values, 'base64'))])),
    })),
  }
}
