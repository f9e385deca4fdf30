/** Every workflow of the orchestration queue, by its wire name. */
export { applyCommand } from './apply-command.ts'
export { buildFeatures } from './build-features.ts'
export { calibrateRecipe } from './calibrate-recipe.ts'
export { deployModel } from './deploy-model.ts'
export { requestSync } from './request-sync.ts'
export { syncMarketData } from './sync-market-data.ts'
export { trainModel } from './train-model.ts'
export { tracePrediction } from './trace-prediction.ts'
