import type { SnapshotManifest } from '#contracts/datasets.ts'

/** Columns that not every source has, and this one has for some bar. */
export const optionalColumnsOf = ({ chunks }: Pick<SnapshotManifest, 'chunks'>): string[] =>
  chunks.some(({ vwap }) => vwap === true) ? ['vwap'] : []
