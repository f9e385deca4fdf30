/**
 * The demo's story, told through the API alone: real bars become a trained, approved, deployed model that answers; a
 * model of an unpredictable label is refused; then the endpoint is watched through the crash of 2008, challengers are
 * trained, judged, promoted or not, and a deployment is rolled back.
 */
import type { Chapter } from './chapter.ts'
import { approve } from './chapters/approve.ts'
import { computeFeatures } from './chapters/compute-features.ts'
import { deploy } from './chapters/deploy.ts'
import { importBars } from './chapters/import-bars.ts'
import { predict } from './chapters/predict.ts'
import { promotion } from './chapters/promotion.ts'
import { refuse } from './chapters/refuse.ts'
import { replay } from './chapters/replay.ts'
import { rollback } from './chapters/rollback.ts'
import { supervise } from './chapters/supervise.ts'
import { tracePrediction } from './chapters/trace-prediction.ts'
import { trainPaused } from './chapters/train-paused.ts'
import { writeReport } from './chapters/write-report.ts'

export const chapters: readonly Chapter[] = [
  importBars,
  computeFeatures,
  trainPaused,
  approve,
  deploy,
  predict,
  refuse,
  supervise,
  replay,
  promotion,
  rollback,
  tracePrediction,
  writeReport,
]
