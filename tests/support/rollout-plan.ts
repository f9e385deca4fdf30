import type { z } from 'zod'
import { RolloutPlan } from '#contracts/deployments.ts'

/** Without anything said, the immediate switch. */
export const rolloutPlan = (given: z.input<typeof RolloutPlan> = {}): RolloutPlan => RolloutPlan.parse(given)
