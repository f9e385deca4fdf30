import { createHash } from 'node:crypto'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '#db/client.ts'
import { digestOnlineFeatures, type OnlineFeatureRow, type OnlineFeatureSet, readOnlineFeatures } from '#db/queries/online-features.ts'

/** The newest row of a symbol; `values` are its float32 features in the set's order, `sha256` is of their bytes. */
export type FeatureRow = { symbol: string; session: string; buildId: string; sha256: string; values: Float32Array }

export type HeldFeatures = OnlineFeatureSet & { digest: string; rows: Map<string, FeatureRow> }

/** The newest feature rows of the sets that routes read, in memory. A set is replaced as a whole when it changed. */
export class FeatureRows {
  private sets = new Map<string, HeldFeatures>()
  /** counts the sets that were read anew */
  version = 0

  find(set: OnlineFeatureSet, symbol: string): FeatureRow | undefined {
    return this.sets.get(nameOf(set))?.rows.get(symbol)
  }

  rowsOf(set: OnlineFeatureSet): FeatureRow[] {
    return [...(this.sets.get(nameOf(set))?.rows.values() ?? [])]
  }

  held(): HeldFeatures[] {
    return [...this.sets.values()]
  }

  restore(sets: HeldFeatures[]): void {
    for (const set of sets) this.sets.set(nameOf(set), set)
  }

  /** Holds what `wanted` names, as PostgreSQL has it now, and lets all else go. */
  async refresh(db: Database, wanted: OnlineFeatureSet[]): Promise<void> {
    const next = new Map<string, HeldFeatures>()
    for (const { dataset, featureHash } of wanted) {
      const set = { dataset, featureHash }
      if (next.has(nameOf(set))) continue
      const digest = await digestOnlineFeatures(db, set)
      const held = this.sets.get(nameOf(set))
      if (held?.digest === digest) next.set(nameOf(set), held)
      else {
        next.set(nameOf(set), { ...set, digest, rows: rowsOf(await readOnlineFeatures(db, set)) })
        this.version++
      }
    }
    this.sets = next
  }
}

/** @throws QuantloopError object_corrupt when the bytes of a row are not those that its hash names */
function rowsOf(found: OnlineFeatureRow[]): Map<string, FeatureRow> {
  return new Map(
    found.map(({ symbol, session, buildId, sha256, values }) => [symbol, featureRow({ symbol, session, buildId, sha256 }, values)]),
  )
}

/** `bytes` are float32, little-endian. */
export function featureRow(row: Omit<FeatureRow, 'values'>, bytes: Buffer): FeatureRow {
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== row.sha256)
    throw new QuantloopError(
      'object_corrupt',
      `the feature row of ${row.symbol} at ${row.session} hashes to ${actual}, not ${row.sha256}: build the features again`,
    )
  // copied, because a pooled buffer may not be aligned
  return { ...row, values: new Float32Array(Uint8Array.from(bytes).buffer) }
}

const nameOf = ({ dataset, featureHash }: OnlineFeatureSet) => `${dataset}/${featureHash}`
