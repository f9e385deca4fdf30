import type { Snapshot } from '#contracts/datasets.ts'
import type { QualityReport } from '#contracts/quality.ts'

/** A snapshot and what was found in it. */
export type QualityStory = { snapshot: Snapshot; quality: QualityReport }
