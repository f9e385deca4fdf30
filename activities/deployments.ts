import { Context } from '@temporalio/activity'
import type { Command } from '#contracts/commands.ts'
import type { DeployModelInput, GateReading, Rollback, Route } from '#contracts/deployments.ts'
import type { Database } from '#db/client.ts'
import { activateDeployment, type Activation } from '#db/commands/activate-deployment.ts'
import { closeDeployment, type ClosedDeployment, type DeploymentEnd } from '#db/commands/close-deployment.ts'
import { openDeployment } from '#db/commands/open-deployment.ts'
import { prepareRoute, type Preparation } from '#db/commands/prepare-route.ts'
import { recordGateReading } from '#db/commands/record-gate-reading.ts'
import { rollBackDeployment } from '#db/commands/roll-back-deployment.ts'
import { shiftTraffic } from '#db/commands/shift-traffic.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { checkVersion, type Compatibility } from './deployments/check-version.ts'
import { type GateQuestion, readGates, readTallies, type Tallies } from './deployments/read-gates.ts'
import { readReplicas, type ReplicaReadiness, type ReplicaTarget } from './deployments/read-replicas.ts'
import { interruptible } from './interruptible.ts'

export type { ClosedDeployment, DeploymentEnd } from '#db/commands/close-deployment.ts'
export type { GateQuestion, Tallies } from './deployments/read-gates.ts'
export type { ReplicaReadiness, ReplicaTarget } from './deployments/read-replicas.ts'

/** Serving replicas look for news as often. */
const pollMs = 250
/** One watch is short, so that its worker can be stopped at any time; the workflow watches again. */
const watchMs = 5_000
/** Serving tells what it has answered as often. */
const gatesEveryMs = 500

/** The side effects of putting a model version behind an endpoint. */
export const createDeploymentActivities = ({ db, objects }: { db: Database; objects: ObjectStore }) => ({
  openDeployment: (input: DeployModelInput): Promise<void> => openDeployment(db, input),

  checkVersion: (input: DeployModelInput): Promise<Compatibility> => checkVersion(db, objects, input),

  prepareRoute: ({ endpoint, route }: { endpoint: string; route: Route }): Promise<Preparation> => prepareRoute(db, endpoint, route),

  /** Answers as soon as every live replica is there or one refuses, else after five seconds how far they are. */
  watchReplicas: async (target: ReplicaTarget): Promise<ReplicaReadiness> => {
    const context = Context.current()
    return await interruptible(async () => {
      for (const deadline = Date.now() + watchMs; ;) {
        const readiness = await readReplicas(db, target)
        context.heartbeat({ live: readiness.live, waitingFor: readiness.waitingFor })
        if (readiness.verdict !== 'waiting' || Date.now() > deadline) return readiness
        await context.sleep(pollMs)
      }
    })
  },

  /** Begins a canary's step; answers what both versions had answered before it. */
  shiftTraffic: async (step: { deploymentId: string; predecessorId: string; share: number }): Promise<Tallies> => {
    const tallies = await readTallies(db, step.deploymentId, step.predecessorId)
    await shiftTraffic(db, step.deploymentId, step.share)
    return tallies
  },

  /** Looks until a gate fails; with `until: 'decided'` also until there is enough to pass. */
  watchGates: async ({ until, ...question }: GateQuestion & { until: 'failed' | 'decided' }): Promise<GateReading> => {
    const context = Context.current()
    return await interruptible(async () => {
      for (;;) {
        const reading = await readGates(db, question)
        context.heartbeat({ verdict: reading.verdict, reason: reading.reason })
        if (reading.verdict === 'failed' || (reading.verdict === 'passed' && until === 'decided')) return reading
        await context.sleep(gatesEveryMs)
      }
    })
  },

  readGates: (question: GateQuestion): Promise<GateReading> => readGates(db, question),

  recordGateReading: ({ deploymentId, reading }: { deploymentId: string; reading: GateReading }): Promise<void> =>
    recordGateReading(db, deploymentId, reading),

  /** The switch. `before` is what the version had answered as a canary, which the bake does not count again. */
  activateDeployment: async ({ deploymentId }: { deploymentId: string }): Promise<Activation & { before: Tallies }> => {
    const { fresh } = await readTallies(db, deploymentId, null)
    return { ...(await activateDeployment(db, deploymentId)), before: { fresh, old: null } }
  },

  rollBackDeployment: (undo: { deploymentId: string; command: Command }): Promise<Rollback> => rollBackDeployment(db, undo),

  closeDeployment: (end: DeploymentEnd): Promise<ClosedDeployment> => closeDeployment(db, end),
})

export type DeploymentActivities = ReturnType<typeof createDeploymentActivities>
