import type { TrainingRun } from '#contracts/training.ts'
import type { ApiClient } from '../client.ts'
import type { JudgedRecipe } from './scenario.ts'

export const startTraining = (client: ApiClient, name: string, { featureSet, ...recipe }: JudgedRecipe): Promise<TrainingRun> =>
  client.trainingRuns.create({ name, features: featureSet, ...recipe })
