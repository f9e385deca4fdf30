/** Every workflow of the orchestration queue, by its wire name. */
export { buildFeatures } from './build-features.ts'
export { deployModel } from './deploy-model.ts'
export { syncMarketData } from './sync-market-data.ts'
export { trainModel } from './train-model.ts'
export { tracePrediction } from './trace-prediction.ts'
