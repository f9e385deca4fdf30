/**
 * What a supervisor does next with a challenger, and with a fallback to persistence, from the facts alone: asked again
 * after a kill, the rules answer the same.
 */

/** `lost` ended without a version that may be deployed: refused, failed or stopped, or its workflow is gone. */
export type TrainingStanding = 'running' | 'waiting' | 'approved' | 'rejected' | 'lost'

/** `done` has become active and its bake is over; `undone` ended otherwise, or was rolled back. */
export type RolloutStanding = 'under-way' | 'done' | 'undone'

export type RetrainFacts = {
  state: 'training' | 'challenging' | 'rolling-out'
  verdict: 'better' | 'worse' | 'inconclusive' | null
  /** null before it was started, as `rollout` is */
  training: TrainingStanding | null
  rollout: RolloutStanding | null
  /** another version than it was compared with is champion by now */
  championLeft: boolean
  /** the endpoint goes to persistence instead, which beats both */
  fallsBack: boolean
  /** another deployment of the endpoint is under way */
  endpointBusy: boolean
}

/**
 * `approve`, `reject` and `stop-training` are said to the training run, whose end is then waited for. `refuse` ends the
 * retrain without promotion, `fail` with an alert.
 */
export type RetrainMove =
  | 'wait'
  | 'train'
  | 'challenge'
  | 'judge'
  | 'approve'
  | 'reject'
  | 'stop-training'
  | 'roll-out'
  | 'promote'
  | 'refuse'
  | 'fail'

export function nextRetrainMove(facts: RetrainFacts): RetrainMove {
  const { state, verdict, training, rollout } = facts
  switch (state) {
    case 'rolling-out':
      return rollout === 'done' ? 'promote' : rollout === 'undone' ? 'fail' : rollout === null ? 'roll-out' : 'wait'
    case 'training':
      return facts.championLeft ? dismiss(training) : whileTraining(training)
    case 'challenging':
      if (facts.championLeft) return dismiss(training)
      if (training === 'lost' || training === null) return 'fail'
      if (training === 'rejected') return 'refuse'
      if (verdict === null) return 'judge'
      if (verdict !== 'better' || facts.fallsBack) return dismiss(training)
      return training === 'approved' ? (facts.endpointBusy ? 'wait' : 'roll-out') : 'approve'
    default:
      return state satisfies never
  }
}

function whileTraining(training: TrainingStanding | null): RetrainMove {
  switch (training) {
    case null:
      return 'train'
    case 'running':
      return 'wait'
    case 'waiting':
    case 'approved':
      return 'challenge'
    case 'rejected':
      return 'refuse'
    case 'lost':
      return 'fail'
    default:
      return training satisfies never
  }
}

/** A challenger that is not wanted any more leaves `testing` before its retrain ends. */
const dismiss = (training: TrainingStanding | null): RetrainMove =>
  training === 'running' ? 'stop-training' : training === 'waiting' ? 'reject' : 'refuse'

export type FallbackFacts = { training: TrainingStanding | null; rollout: RolloutStanding | null; endpointBusy: boolean }

/** `fail` raises the alert that ends it; null when there is nothing left to do. */
export type FallbackMove = 'train' | 'wait' | 'approve' | 'roll-out' | 'fail' | null

export function nextFallbackMove({ training, rollout, endpointBusy }: FallbackFacts): FallbackMove {
  if (rollout !== null) return rollout === 'under-way' ? 'wait' : rollout === 'done' ? null : 'fail'
  switch (training) {
    case null:
      return 'train'
    case 'running':
      return 'wait'
    case 'waiting':
      return 'approve'
    case 'approved':
      return endpointBusy ? 'wait' : 'roll-out'
    case 'rejected':
    case 'lost':
      return 'fail'
    default:
      return training satisfies never
  }
}
