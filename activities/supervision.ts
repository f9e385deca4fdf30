import { Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import type { Command } from '#contracts/commands.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { type SuperviseInput, SupervisionPolicy } from '#contracts/supervision.ts'
import type { Database } from '#db/client.ts'
import { acknowledgeAlert } from '#db/commands/acknowledge-alert.ts'
import { closeSupervision, type SupervisionEnd } from '#db/commands/close-supervision.ts'
import { openChallenge } from '#db/commands/open-challenge.ts'
import { openSupervision } from '#db/commands/open-supervision.ts'
import { setSupervisionPolicy } from '#db/commands/set-supervision-policy.ts'
import type { Fallback } from '#db/queries/situation.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { interruptible } from './interruptible.ts'
import { decideTraining, type TrainingOrder } from './retraining/decide-training.ts'
import { endRetrainWithSupervision, failRetrain, promoteChallenger, refusePromotion } from './retraining/end-retrain.ts'
import { failFallback, rollOutFallback, trainFallback } from './retraining/fall-back.ts'
import { judge } from './retraining/judge.ts'
import { openChampionsMonitors } from './retraining/open-champions-monitors.ts'
import { reportFailedBuild, reportFailedCalibration, reportStaleData } from './retraining/report.ts'
import { rollOutChallenger } from './retraining/roll-out.ts'
import { type RetrainRequest, type StartedRetrain, startRetrain } from './retraining/start-retrain.ts'
import { type Asked, type Seen, look } from './retraining/look.ts'
import { trainChallenger } from './retraining/train-challenger.ts'
import { senderOf, type SignalOrdinal } from './sender.ts'
import { type Watched, watchSessions } from './supervision/watch-sessions.ts'

export type { StartedRetrain } from './retraining/start-retrain.ts'
export type { Seen } from './retraining/look.ts'
export type { Situation } from './retraining/take-stock.ts'

type World = { db: Database; objects: ObjectStore; client: Client }
type Build = { id: string; manifest: ObjectRef }
type Version = { name: string; version: number }
/** `signal` is there when the command came by a signal that did not say who sent it. */
type Told = { command: Command; signal?: SignalOrdinal | undefined }

/** What the standing supervisor of an endpoint sees and does. Each may run twice, and does it once. */
export const createSupervisionActivities = (world: World) => ({
  openSupervision: (input: SuperviseInput): Promise<void> => openSupervision(world.db, input),

  look: (asked: Asked): Promise<Seen> => look(world, asked),

  watchSessions: async ({ endpoint, build }: { endpoint: string; build: Build }): Promise<Watched> => {
    const { log } = Context.current()
    const logger = { warn: (fields: object, message: string) => log.warn(message, { ...fields }) }
    return await interruptible((cancelled) => watchSessions({ ...world, logger }, { endpoint, build }, cancelled))
  },

  openMonitors: (asked: { endpoint: string; model: Version; after: string; walkForward: ObjectRef }): Promise<boolean> =>
    openChampionsMonitors(world, asked),

  startRetrain: (request: RetrainRequest): Promise<StartedRetrain | null> => startRetrain(world, request),

  trainChallenger: (asked: { retrainId: string; build: Build }): Promise<void> => trainChallenger(world, asked),

  openChallenge: ({ retrainId }: { retrainId: string }): Promise<void> => openChallenge(world.db, retrainId),

  judge: ({ retrainId }: { retrainId: string }): Promise<boolean> => judge(world.db, retrainId),

  decideTraining: (order: TrainingOrder): Promise<void> => decideTraining(world.client, order),

  rollOutChallenger: ({ retrainId }: { retrainId: string }): Promise<void> => rollOutChallenger(world, retrainId),

  promoteChallenger: ({ retrainId }: { retrainId: string }): Promise<void> => promoteChallenger(world.db, retrainId),

  refusePromotion: ({ retrainId }: { retrainId: string }): Promise<void> => refusePromotion(world.db, retrainId),

  failRetrain: ({ retrainId }: { retrainId: string }): Promise<void> => failRetrain(world.db, retrainId),

  trainFallback: (step: { endpoint: string; fallback: Fallback }): Promise<void> => trainFallback(world, step),

  rollOutFallback: (step: { endpoint: string; fallback: Fallback }): Promise<void> => rollOutFallback(world, step),

  failFallback: (step: { endpoint: string; fallback: Fallback }): Promise<void> => failFallback(world, step),

  reportStaleData: ({ endpoint }: { endpoint: string }): Promise<void> => reportStaleData(world.db, endpoint),

  reportFailedBuild: (failed: { endpoint: string; session: string; buildId: string; failure: string | null }): Promise<void> =>
    reportFailedBuild(world.db, failed),

  reportFailedCalibration: (failed: { endpoint: string; model: Version; session: string; failure: string | null }): Promise<void> =>
    reportFailedCalibration(world.db, failed),

  /** An alert that is not there is nobody's affair any more: a supervisor does not fail over it. */
  async acknowledgeAlert({ alertId, ...told }: Told & { alertId: string }): Promise<void> {
    const acknowledged = await acknowledgeAlert(world.db, { alertId, command: await commandOf(told) }).catch((error: unknown) => error)
    if (acknowledged instanceof Error) Context.current().log.warn('an alert was not acknowledged', { alertId, why: acknowledged.message })
  },

  /** The API has parsed the policy; one that was sent by hand, and is none, changes nothing. */
  async setPolicy({ endpoint, policy, ...told }: Told & { endpoint: string; policy: unknown }): Promise<void> {
    const parsed = SupervisionPolicy.safeParse(policy)
    if (parsed.success) await setSupervisionPolicy(world.db, { endpoint, policy: parsed.data, command: await commandOf(told) })
    else Context.current().log.warn('a policy was refused', { endpoint, why: parsed.error.message })
  },

  async closeSupervision(end: SupervisionEnd): Promise<void> {
    await endRetrainWithSupervision(world, end)
    await closeSupervision(world.db, end)
  },
})

export type SupervisionActivities = ReturnType<typeof createSupervisionActivities>

async function commandOf({ command, signal }: Told): Promise<Command> {
  const sender = signal === undefined ? undefined : await senderOf(signal)
  return { ...command, by: sender ?? command.by }
}
