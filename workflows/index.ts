/** Every workflow of the orchestration queue, by its wire name. */
export { deployModel } from './deploy-model.ts'
