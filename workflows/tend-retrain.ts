import { proxyActivities } from '@temporalio/workflow'
import type { Situation, SupervisionActivities } from '#activities/supervision.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { DurableRun } from './durable.ts'
import { atomic } from './proxies.ts'

const supervision = proxyActivities<SupervisionActivities>(atomic)

type Retrain = NonNullable<Situation['retrain']>
type Fallback = NonNullable<Situation['fallback']>

/** The next thing to do with a challenger. Answers whether the rows have more to tell at once. */
export async function tendRetrain(
  run: DurableRun,
  { endpoint, build, retrain }: { endpoint: string; build: { id: string; manifest: ObjectRef } | null; retrain: Retrain },
): Promise<boolean> {
  const { id: retrainId, runId, stage, move, reason } = retrain
  const tell = (verb: 'approve' | 'reject' | 'stop') => run.step(stage, () => supervision.decideTraining({ endpoint, runId, verb, reason }))
  switch (move) {
    case 'wait':
      return false
    case 'train':
      if (build === null) return false
      await run.step(stage, () => supervision.trainChallenger({ retrainId, build }))
      return true
    case 'challenge':
      await run.step(stage, () => supervision.openChallenge({ retrainId }))
      return true
    case 'judge':
      return await run.step(stage, () => supervision.judge({ retrainId }))
    case 'approve':
      await tell('approve')
      return false
    case 'reject':
      await tell('reject')
      return false
    case 'stop-training':
      await tell('stop')
      return false
    case 'roll-out':
      await run.step(stage, () => supervision.rollOutChallenger({ retrainId }))
      return false
    case 'promote':
      await run.step(stage, () => supervision.promoteChallenger({ retrainId }))
      return true
    case 'refuse':
      await run.step(stage, () => supervision.refusePromotion({ retrainId }))
      return true
    case 'fail':
      await run.step(stage, () => supervision.failRetrain({ retrainId }))
      return true
    default:
      return move satisfies never
  }
}

/** The next thing to do when the endpoint goes back to the naive forecast: train it, approve it, roll it out. */
export async function tendFallback(run: DurableRun, { endpoint, fallback }: { endpoint: string; fallback: Fallback }): Promise<boolean> {
  const { runId, move } = fallback
  const step = { endpoint, fallback }
  const reason = 'persistence beats both champion and challenger, and the policy falls back to it'
  switch (move) {
    case 'wait':
      break
    case 'train':
      await run.step('fall-back', () => supervision.trainFallback(step))
      break
    case 'approve':
      await run.step('fall-back', () => supervision.decideTraining({ endpoint, runId, verb: 'approve', reason }))
      break
    case 'roll-out':
      await run.step('fall-back', () => supervision.rollOutFallback(step))
      break
    case 'fail':
      await run.step('fall-back', () => supervision.failFallback(step))
      break
    default:
      return move satisfies never
  }
  return false
}
