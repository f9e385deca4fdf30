import { randomUUID } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/activity'
import { Worker } from '@temporalio/worker'
import { interruptible } from '#activities/interruptible.ts'
import type { JournalEntry } from '#activities/journal.ts'
import type { Seen, Situation, StartedRetrain } from '#activities/supervision.ts'
import type { BuildResult } from '#contracts/features.ts'
import { superviseWorkflowId } from '#contracts/ids.ts'
import { type CalibrateResult, type SuperviseInput, SupervisionPolicy } from '#contracts/supervision.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { Gate } from '#tests/workflows/durable/world.ts'
import { bundleOfWorkflows, type Server } from '#tests/workflows/train-model/world.ts'
import type { superviseEndpoint } from '#workflows/supervise-endpoint.ts'

const hash = (letter: string) => letter.repeat(64)
const object = (letter: string) => ({ uri: `objects/${letter}`, sha256: hash(letter), bytes: 1 })
const label = { expression: 'Ref($close,-1)/$close', kind: 'time-series' } as const

/** A quiet endpoint: everything is watched, nothing is due, and data are fresh for ever. */
const quiet: Situation = {
  dataset: 'us-daily',
  head: { snapshotId: hash('a'), lastSession: '2008-06-02' },
  features: { featureSet: 'technical', label },
  served: null,
  champion: { model: { name: 'range', version: 1 }, after: '2008-05-30', watched: true },
  retrain: null,
  fallback: null,
  freshForMs: 1e12,
  staleTold: false,
}

type Retrain = NonNullable<Situation['retrain']>

/** The supervisor's activities as a script: what the rows would say, and what was asked of them, in order. */
export function createSuperviseWorld(server: Server) {
  const endpoint = `e${randomUUID().slice(0, 8)}`
  const gates = { watch: new Gate(true), start: new Gate(true), stock: new Gate(true) }
  const done: string[] = []
  const journal: JournalEntry[] = []
  const listeners = new Set<() => void>()
  const policies: unknown[] = []
  const acknowledged: { alertId: string; by: string }[] = []
  const started: { ids: { retrainId: string; runId: string }; wish: { by: string } | null }[] = []
  const state = {
    situation: quiet,
    build: 'ready' as BuildResult['state'],
    calibration: 'ready' as CalibrateResult['state'],
    /** an eligible alarm waits */
    alarm: false,
    /** what each activity throws once: it was done, and its worker died before it could say so */
    dies: new Set<string>(),
  }
  const told = (what: string) => {
    done.push(what)
    for (const listener of listeners) listener()
  }
  const perhapsDie = (name: string) => {
    if (state.dies.delete(name)) throw new Error(`the worker died after ${name}`)
  }
  const see = (changes: Partial<Situation>) => (state.situation = { ...state.situation, ...changes })
  const move = (move: Retrain['move'], stage: Retrain['stage'] = 'challenge') => {
    const { id, runId } = state.situation.retrain ?? { id: randomUUID(), runId: randomUUID() }
    see({ retrain: { id, runId, stage, move, reason: 'better after 10 sessions' } })
  }
  const build = { id: hash('b'), manifest: object('b') }

  const activities = {
    async recordRunState(entry: JournalEntry): Promise<void> {
      journal.push(entry)
      for (const listener of listeners) listener()
    },
    async openSupervision(_: SuperviseInput): Promise<void> {
      if (state.dies.has('refuse')) throw ApplicationFailure.nonRetryable('nothing answers on this endpoint', 'endpoint_not_ready')
      told('open')
    },
    async look(): Promise<Seen> {
      await gates.stock.pass()
      const ready = state.build === 'ready'
      told('look')
      return {
        ...state.situation,
        build: { buildId: build.id, state: state.build, manifest: ready ? build.manifest : null, failure: ready ? null : 'no bars' },
      }
    },
    async requestCalibration(): Promise<CalibrateResult> {
      told('calibrate')
      const ready = state.calibration === 'ready'
      return {
        recipeHash: hash('c'),
        state: state.calibration,
        walkForward: ready ? object('c') : null,
        failure: ready ? null : 'too short',
      }
    },
    async watchSessions() {
      return await interruptible(async (cancelled) => {
        told('watch')
        await gates.watch.pass(cancelled)
        return { through: '2008-06-02', sessions: 1, alarmed: state.alarm, alerts: [] }
      })
    },
    async openMonitors(): Promise<boolean> {
      told('open monitors')
      see({ champion: { ...state.situation.champion, watched: true } })
      return true
    },
    async startRetrain({ ids, wish }: (typeof started)[number]): Promise<StartedRetrain | null> {
      await gates.start.pass()
      if (state.situation.retrain === null && !state.alarm && wish === null) return null
      if (state.situation.retrain === null) {
        started.push({ ids, wish })
        told('start retrain')
        state.alarm = false
        see({ retrain: { id: ids.retrainId, runId: ids.runId, stage: 'train', move: 'wait', reason: '' } })
      }
      perhapsDie('startRetrain')
      return { id: state.situation.retrain!.id, runId: state.situation.retrain!.runId, trigger: 'decay', session: '2008-06-02' }
    },
    async trainChallenger(): Promise<void> {
      told('train')
      move('wait', 'train')
      perhapsDie('trainChallenger')
    },
    async openChallenge(): Promise<void> {
      told('challenge')
      move('judge')
    },
    async judge(): Promise<boolean> {
      told('judge')
      return false
    },
    async decideTraining({ verb }: { verb: string }): Promise<void> {
      told(verb)
    },
    async rollOutChallenger(): Promise<void> {
      told('roll out')
      move('wait', 'roll-out')
    },
    async promoteChallenger(): Promise<void> {
      told('promote')
      see({ retrain: null })
    },
    async refusePromotion(): Promise<void> {
      told('refuse')
      see({ retrain: null })
    },
    async failRetrain(): Promise<void> {
      told('fail')
      see({ retrain: null })
    },
    async reportStaleData(): Promise<void> {
      told('stale')
      see({ staleTold: true })
    },
    async reportFailedBuild(): Promise<void> {
      told('failed build')
    },
    async reportFailedCalibration(): Promise<void> {
      told('failed calibration')
    },
    async acknowledgeAlert({ alertId, command }: { alertId: string; command: { by: string } }): Promise<void> {
      acknowledged.push({ alertId, by: command.by })
      told('acknowledge')
    },
    async setPolicy({ policy }: { policy: unknown }): Promise<void> {
      policies.push(policy)
      told('set policy')
    },
    async closeSupervision({ state, reason }: { state: string; reason: string }): Promise<void> {
      told(`${state}: ${reason}`)
    },
  }

  const until = async (met: () => boolean) => {
    if (met()) return
    await new Promise<void>((resolve) => {
      const listener = () => {
        if (!met()) return
        listeners.delete(listener)
        resolve()
      }
      listeners.add(listener)
    })
  }

  return {
    endpoint,
    gates,
    done,
    journal,
    policies,
    acknowledged,
    started,
    state,
    see,
    move,
    count: (what: string) => done.filter((each) => each === what).length,
    /** Until something was done so often. */
    did: (what: string, times = 1) => until(() => done.filter((each) => each === what).length >= times),
    journalled: (met: (entry: JournalEntry) => boolean) => until(() => journal.some(met)),
    verbs: () => journal.flatMap(({ command }) => (command === undefined ? [] : [`${command.verb} by ${command.by}`])),
    async start() {
      const input: SuperviseInput = { endpoint, policy: SupervisionPolicy.parse({}), origin: { by: 'ann', bodySha256: hash('0') } }
      const workflowId = superviseWorkflowId(endpoint)
      await server.client.workflow.start('superviseEndpoint', { workflowId, taskQueue: taskQueues.orchestration, args: [input] })
      // whichever execution is the newest
      return server.client.workflow.getHandle<typeof superviseEndpoint>(workflowId)
    },
    async withWorker<T>(test: () => Promise<T>): Promise<T> {
      const worker = await Worker.create({
        connection: server.nativeConnection,
        namespace: server.namespace,
        taskQueue: taskQueues.orchestration,
        workflowBundle: await bundleOfWorkflows(),
        activities,
        maxHeartbeatThrottleInterval: '200 milliseconds',
        defaultHeartbeatThrottleInterval: '200 milliseconds',
      })
      return await worker.runUntil(test)
    },
  }
}

export type SuperviseWorld = ReturnType<typeof createSuperviseWorld>
