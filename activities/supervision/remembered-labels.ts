import type { DecodedBuild } from '../features/decoded-build.ts'

type Labels = { snapshotId: string; bySymbol: Map<string, { days: Int32Array; values: Float32Array }> }

/** The labels of the build that each endpoint was scored by last, in this process: a shortcut, and no more than that. */
const remembered = new Map<string, Labels>()
const endpoints = 16

export function rememberLabels(endpoint: string, { manifest, slices }: DecodedBuild): void {
  // copies: views would keep the whole build
  const bySymbol = new Map(slices.map((slice) => [slice.symbol, { days: slice.days.slice(), values: slice.column('label').slice() }]))
  remembered.delete(endpoint)
  remembered.set(endpoint, { snapshotId: manifest.snapshotId, bySymbol })
  for (const oldest of remembered.keys()) {
    if (remembered.size <= endpoints) break
    remembered.delete(oldest)
  }
}

/**
 * Whether every label that was known in the build of `snapshotId` has the same value in this one. Then no bar was restated
 * in a way that a label shows, and the snapshots need not be compared. False also when that build is not remembered.
 */
export function hasSameLabels(endpoint: string, snapshotId: string, { slices }: DecodedBuild): boolean {
  const before = remembered.get(endpoint)
  if (before?.snapshotId !== snapshotId) return false
  const now = new Map(slices.map((slice) => [slice.symbol, slice]))
  return [...before.bySymbol].every(([symbol, { days, values }]) => {
    const slice = now.get(symbol)
    if (slice === undefined || slice.days.length < days.length) return false
    const labels = slice.column('label')
    return days.every((day, row) => slice.days[row] === day && (Number.isNaN(values[row]) || values[row] === labels[row]))
  })
}
