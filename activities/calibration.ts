import type { Client } from '@temporalio/client'
import type { CalibrateResult } from '#contracts/supervision.ts'
import type { Database } from '#db/client.ts'
import { type CalibrationRequest, requestCalibration } from './calibration/request-calibration.ts'

/** For workflows that need a recipe's walk-forward errors: they are shared work, and never their child. */
export const createCalibrationRequestActivities = ({ db, client }: { db: Database; client: Client }) => ({
  requestCalibration: (request: CalibrationRequest): Promise<CalibrateResult> => requestCalibration(db, client, request),
})

export type CalibrationRequestActivities = ReturnType<typeof createCalibrationRequestActivities>
