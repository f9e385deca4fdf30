/** One serving process with the configuration in SERVING_CONFIG, as `quantloop serve` runs it. */
import type { Config } from '#config/config.ts'
import { main } from '#workers/serving.ts'

await main(JSON.parse(process.env.SERVING_CONFIG ?? '') as Config)
