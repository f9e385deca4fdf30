import { continueAsNew, proxyActivities, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow'
import type { CalibrationRequestActivities } from '#activities/calibration.ts'
import type { Seen, SupervisionActivities } from '#activities/supervision.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import type { SuperviseInput, SuperviseResult } from '#contracts/supervision.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { type CarriedRun, DurableRun } from './durable.ts'
import { atomic, interruptible } from './proxies.ts'
import { tendFallback, tendRetrain } from './tend-retrain.ts'
import { type CarriedWishes, Wishes } from './wishes.ts'

const supervision = proxyActivities<SupervisionActivities>(atomic)
const calibration = proxyActivities<CalibrationRequestActivities>({ ...atomic, summary: 'join or start the calibration' })
const watching = proxyActivities<SupervisionActivities>({
  ...interruptible,
  taskQueue: taskQueues.orchestration,
  summary: 'session by session: labels, scores, forecasts, monitors, alerts',
})

/** While something is under way a lost nudge costs this much at most, else as much as `restMs`. */
const lookAgainMs = 60_000
const restMs = 3_600_000
/** A history is replayed in a moment up to here, and holds some twenty-five sessions. */
const longHistory = 2_000

type Build = { id: string; manifest: ObjectRef }

/** What goes on to the next execution. */
export type CarriedSupervision = { run: CarriedRun; wishes: CarriedWishes }

/**
 * Watches over an endpoint: each session that lands is scored and looked at, an alarm starts a challenger, and the better
 * of the two answers. Every fact is a row; whoever nudges only says that there is something to see. While it is paused,
 * labels, monitors and alerts go on, and nothing new is started.
 */
export async function superviseEndpoint(input: SuperviseInput, carried?: CarriedSupervision): Promise<SuperviseResult> {
  const { endpoint, origin } = input
  const run = new DurableRun('supervision', endpoint, carried?.run)
  const wishes = new Wishes(carried?.wishes)
  run.listen()
  wishes.listen(run)
  upsertSearchAttributes([
    { key: searchAttributeKey('Endpoint'), value: endpoint },
    { key: searchAttributeKey('TriggeredBy'), value: origin.by },
  ])

  return await run.live<SuperviseResult>({
    open: () => supervision.openSupervision(input),
    story: async () => {
      for (;;) {
        await run.always(() =>
          wishes.heed({ acknowledge: supervision.acknowledgeAlert, setPolicy: (to) => supervision.setPolicy({ endpoint, ...to }) }),
        )
        const seen = await run.always(() => supervision.look({ endpoint, waiter: workflowInfo().workflowId, origin }))
        wishes.learn(seen.retrain)
        const build = await builtFeatures(run, input, seen)
        const watched = build && (await run.alwaysUntilStopped(() => watching.watchSessions({ endpoint, build })))
        if (seen.freshForMs <= 0 && !seen.staleTold) await run.always(() => supervision.reportStaleData({ endpoint }))
        if (run.isFree && (await act(run, { input, seen, build, alarmed: watched?.alarmed ?? false, wishes }))) continue
        if (isLong())
          return await run.continueAsNew((run) => continueAsNew<typeof superviseEndpoint>(input, { run, wishes: wishes.carry() }))
        await run.nudgedOr(stageOf(seen), waitOf(seen, build))
      }
    },
    stopped: async (by) => {
      await supervision.closeSupervision({ endpoint, state: 'stopped', reason: `stopped by ${by}` })
      return { endpoint, state: 'stopped' }
    },
    failed: (reason) => supervision.closeSupervision({ endpoint, state: 'failed', reason }),
  })
}

/** The features of the newest snapshot; null while they are computed, for their end nudges this workflow. */
async function builtFeatures(run: DurableRun, { endpoint }: SuperviseInput, { head, build }: Seen): Promise<Build | null> {
  const { state, buildId, manifest, failure } = build
  if (state === 'ready' && manifest !== null) return { id: buildId, manifest }
  if (state === 'failed' || state === 'stopped')
    await run.always(() => supervision.reportFailedBuild({ endpoint, session: head.lastSession, buildId, failure }))
  return null
}

/** `alarmed`: an alarm may be due for a retrain. */
type Scene = { input: SuperviseInput; seen: Seen; build: Build | null; alarmed: boolean; wishes: Wishes }

/** Does what is due, one thing at a look. Answers whether there is more to see at once. */
async function act(run: DurableRun, { input, seen, build, alarmed, wishes }: Scene): Promise<boolean> {
  const { endpoint } = input
  if (!seen.champion.watched && (await watchChampion(run, input, seen))) return true
  if (!run.isFree) return false
  if (seen.retrain !== null) return await tendRetrain(run, { endpoint, build, retrain: seen.retrain })
  if (seen.fallback !== null) return await tendFallback(run, { endpoint, fallback: seen.fallback })
  if (build === null || !(alarmed || wishes.retrain !== null)) return false
  const request = { endpoint, build, ids: wishes.nextIds, wish: wishes.retrain }
  const started = await run.step(stageOf(seen), () => supervision.startRetrain(request))
  if (started === null) return false
  wishes.inFlight({ retrainId: started.id, runId: started.runId })
  return true
}

/** The champion's monitors open once its recipe is calibrated, and then catch up with the sessions since. */
async function watchChampion(run: DurableRun, { endpoint, origin }: SuperviseInput, seen: Seen): Promise<boolean> {
  const { model, after } = seen.champion
  const waiter = workflowInfo().workflowId
  const { state, walkForward, failure } = await run.step(stageOf(seen), () => calibration.requestCalibration({ model, waiter, origin }))
  if (state === 'failed' || state === 'stopped')
    await run.always(() => supervision.reportFailedCalibration({ endpoint, model, session: after, failure }))
  if (state !== 'ready' || walkForward === null || !run.isFree) return false
  return await run.step(stageOf(seen), () => supervision.openMonitors({ endpoint, model, after, walkForward }))
}

/** The step that people read. */
const stageOf = ({ retrain, fallback, champion }: Seen): string =>
  retrain?.stage ?? (fallback !== null ? 'fall-back' : champion.watched ? 'watch' : 'calibrate')

function waitOf({ retrain, fallback, champion, freshForMs, staleTold }: Seen, build: Build | null): number {
  const underWay = build === null || retrain !== null || fallback !== null || !champion.watched
  return Math.max(0, Math.min(underWay ? lookAgainMs : restMs, staleTold ? restMs : freshForMs))
}

function isLong(): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  return continueAsNewSuggested || historyLength > longHistory
}
