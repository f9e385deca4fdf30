import { Context } from '@temporalio/activity'
import type { DeployModelInput, Route } from '#contracts/deployments.ts'
import type { Database } from '#db/client.ts'
import { activateDeployment, type Activation } from '#db/commands/activate-deployment.ts'
import { closeDeployment, type ClosedDeployment, type DeploymentEnd } from '#db/commands/close-deployment.ts'
import { openDeployment } from '#db/commands/open-deployment.ts'
import { prepareRoute } from '#db/commands/prepare-route.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { checkVersion, type Compatibility } from './deployments/check-version.ts'
import { readReplicas, type ReplicaReadiness, type ReplicaTarget } from './deployments/read-replicas.ts'
import { interruptible } from './interruptible.ts'

export type { Activation } from '#db/commands/activate-deployment.ts'
export type { ClosedDeployment, DeploymentEnd } from '#db/commands/close-deployment.ts'
export type { Compatibility } from './deployments/check-version.ts'
export type { ReplicaReadiness, ReplicaTarget } from './deployments/read-replicas.ts'

/** Serving replicas look for news as often. */
const pollMs = 250
/** One watch is short, so that its worker can be stopped at any time; the workflow watches again. */
const watchMs = 5_000

/** The side effects of putting a model version behind an endpoint. */
export const createDeploymentActivities = ({ db, objects }: { db: Database; objects: ObjectStore }) => ({
  openDeployment: (input: DeployModelInput): Promise<void> => openDeployment(db, input),

  checkVersion: (input: DeployModelInput): Promise<Compatibility> => checkVersion(db, objects, input),

  prepareRoute: ({ endpoint, route }: { endpoint: string; route: Route }): Promise<number> => prepareRoute(db, endpoint, route),

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

  activateDeployment: ({ deploymentId }: { deploymentId: string }): Promise<Activation> => activateDeployment(db, deploymentId),

  closeDeployment: (end: DeploymentEnd): Promise<ClosedDeployment> => closeDeployment(db, end),
})

export type DeploymentActivities = ReturnType<typeof createDeploymentActivities>
