import type { Logger } from 'pino'
import type { ServingMetrics } from './metrics.ts'
import type { PredictionLog } from './prediction-log/prediction-log.ts'
import type { Replica } from './replica.ts'

/** What the serving app is given. */
export type ServingWorld = { replica: Replica; log: PredictionLog; metrics: ServingMetrics; clock: () => Date; logger: Logger }
