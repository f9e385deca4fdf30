import { InvalidArgumentError } from 'commander'
import type { z } from 'zod'
import { type CanaryStep, type DeploymentStrategy, RolloutPlan } from '#contracts/deployments.ts'

export type RolloutOptions = {
  strategy: DeploymentStrategy
  steps?: CanaryStep[]
  bake?: number
  patience?: number
  minAnswers?: number
  approval?: true
}

const inSeconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

/** `90s`, `5m`, `1h`, `2d`: seconds. */
export function seconds(text: string): number {
  const [, count, unit] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? []
  if (count === undefined || unit === undefined) throw new InvalidArgumentError('a length of time is a number and s, m, h or d, as in 90s')
  return Number(count) * inSeconds[unit as keyof typeof inSeconds]
}

/** `10%:60s,50%:5m` */
export function canarySteps(text: string): CanaryStep[] {
  const steps = text.split(',').map((step) => {
    const [, percent, length] = /^(\d+(?:\.\d+)?)%:(\w+)$/.exec(step.trim()) ?? []
    if (percent === undefined || length === undefined)
      throw new InvalidArgumentError('steps are SHARE%:TIME, shares rising, as in 10%:60s,50%:5m')
    return { share: Number(percent) / 100, seconds: seconds(length) }
  })
  const plan = RolloutPlan.shape.steps.safeParse(steps)
  if (plan.success) return plan.data
  throw new InvalidArgumentError(plan.error.issues.map(({ message }) => message).join('; '))
}

/** What was not said keeps the defaults of the API. */
export const planOf = ({ strategy, steps, bake, patience, minAnswers, approval }: RolloutOptions): z.input<typeof RolloutPlan> => ({
  strategy,
  ...(steps && { steps }),
  ...(bake === undefined ? {} : { bakeSeconds: bake }),
  ...(patience === undefined ? {} : { patienceSeconds: patience }),
  ...(minAnswers === undefined ? {} : { gates: { minAnswers } }),
  ...(approval && { approval }),
})
