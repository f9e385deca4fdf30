import type { AuditEntry } from '#contracts/access.ts'
import type { Snapshot } from '#contracts/datasets.ts'
import type { ModelVersion } from '#contracts/models.ts'
import type { FitReport, ProgressPoint, SessionErrors, TrainingRun } from '#contracts/training.ts'

/** What is stored of a run; what it has not come to yet, or never will, is null. */
export type TrainingRunStory = {
  run: TrainingRun
  snapshot: Snapshot | null
  progress: readonly ProgressPoint[]
  fit: FitReport | null
  errors: SessionErrors | null
  version: ModelVersion | null
  /** the audit of the run and of its version, oldest first */
  audit: readonly AuditEntry[]
}
