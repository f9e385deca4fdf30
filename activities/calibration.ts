import type { Client } from '@temporalio/client'
import type { ObjectRef } from '#contracts/references.ts'
import type { CalibrateInput, CalibrateResult } from '#contracts/supervision.ts'
import type { Database } from '#db/client.ts'
import { type CalibrationEnd, closeCalibration } from '#db/commands/close-calibration.ts'
import { openCalibration } from '#db/commands/open-calibration.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { type FittedFold, forecastFold } from './calibration/forecast-fold.ts'
import { type PlannedFold, planFolds } from './calibration/plan-folds.ts'
import { type ForecastWalk, publishWalkForward } from './calibration/publish-walk-forward.ts'
import { type CalibrationRequest, requestCalibration } from './calibration/request-calibration.ts'
import { interruptible } from './interruptible.ts'

export type { PlannedFold } from './calibration/plan-folds.ts'

/** For workflows that need a recipe's walk-forward errors: they are shared work, and never their child. */
export const createCalibrationRequestActivities = ({ db, client }: { db: Database; client: Client }) => ({
  requestCalibration: (request: CalibrationRequest): Promise<CalibrateResult> => requestCalibration(db, client, request),
})

/** The side effects of a calibration, but for the fits, which the trainer does. */
export const createCalibrationActivities = ({ db, objects }: { db: Database; objects: ObjectStore }) => ({
  /** The walk-forward when the calibration is ready already. */
  openCalibration: (input: CalibrateInput): Promise<ObjectRef | null> => openCalibration(db, input),

  planFolds: (input: CalibrateInput): Promise<PlannedFold[]> => planFolds(db, objects, input),

  forecastFold: (fitted: FittedFold): Promise<ObjectRef> => interruptible((cancelled) => forecastFold(objects, fitted, cancelled)),

  publishWalkForward: (walk: ForecastWalk): Promise<ObjectRef> => publishWalkForward(db, objects, walk),

  closeCalibration: (end: CalibrationEnd): Promise<void> => closeCalibration(db, end),
})

export type CalibrationRequestActivities = ReturnType<typeof createCalibrationRequestActivities>
export type CalibrationActivities = ReturnType<typeof createCalibrationActivities>
