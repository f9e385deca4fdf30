import type { FeatureBuildManifest } from '#contracts/features.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { slicesBySymbols } from './decoded-build.ts'

/** Columns that are held at once, in bytes: a wide build is read several times rather than held whole. */
const budget = 192 * 2 ** 20

/** Where each row of a build stands: a number a symbol, a day a session. Rows come by symbol, then session. */
export type BuildRows = { names: string[]; symbols: Int32Array; days: Int32Array }

export async function readRows(objects: Pick<ObjectStore, 'get'>, manifest: FeatureBuildManifest): Promise<BuildRows> {
  const rows: BuildRows = { names: [], symbols: new Int32Array(manifest.rows), days: new Int32Array(manifest.rows) }
  let at = 0
  for await (const slices of slicesBySymbols(objects, manifest))
    for (const { symbol, days } of slices) {
      rows.symbols.fill(rows.names.push(symbol) - 1, at, at + days.length)
      rows.days.set(days, at)
      at += days.length
    }
  return rows
}

/** Whole columns by name, some at a time. */
export async function* readColumnsByName(
  objects: Pick<ObjectStore, 'get'>,
  manifest: FeatureBuildManifest,
  names: readonly string[],
): AsyncGenerator<{ name: string; values: Float32Array }> {
  const atOnce = Math.max(1, Math.floor(budget / (4 * manifest.rows)))
  for (let from = 0; from < names.length; from += atOnce) {
    const some = names.slice(from, from + atOnce).map((name) => ({ name, values: new Float32Array(manifest.rows) }))
    let at = 0
    for await (const slices of slicesBySymbols(objects, manifest))
      for (const slice of slices) {
        for (const { name, values } of some) values.set(slice.column(name), at)
        at += slice.days.length
      }
    yield* some
  }
}
