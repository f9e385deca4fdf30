import type { Client } from '@temporalio/client'
import { canonicalJson } from '#contracts/canonical-json.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Recipe } from '#contracts/training.ts'
import type { Database } from '#db/client.ts'
import { followChampion } from '#db/commands/follow-champion.ts'
import type { RetrainRow } from '#db/commands/open-retrain.ts'
import {
  type Fallback,
  findDeploymentUnderWay,
  findFallback,
  findOpenRetrain,
  findRecipeOf,
  hasAlert,
  hasDecayMonitor,
  readSupervisedEndpoint,
} from '#db/queries/situation.ts'
import { buildProcessors } from '#domain/features/build-processors.ts'
import { type FallbackMove, nextFallbackMove, nextRetrainMove, type RetrainMove } from '#domain/supervision/retrain-moves.ts'
import { reasonOfVerdict } from './end-retrain.ts'
import { standingOfRollout, standingOfTraining } from './standing.ts'

type Version = { name: string; version: number }
type NeededBuild = Pick<Recipe, 'featureSet' | 'label' | 'processors' | 'universe'>

/** What the supervisor of an endpoint acts on, from rows alone. */
export type Situation = {
  dataset: string
  head: { snapshotId: string; lastSession: string }
  /** the features that forecasts, challengers and monitors read */
  features: NeededBuild
  /** what the version that answers reads, when that is another: its online rows must be fresh */
  served: NeededBuild | null
  champion: { model: Version; after: string; watched: boolean }
  retrain: { id: string; runId: string; stage: 'train' | 'challenge' | 'roll-out'; move: RetrainMove; reason: string } | null
  fallback: (Fallback & { move: Exclude<FallbackMove, null> }) | null
  /** negative when the head is older than the policy allows */
  freshForMs: number
  staleTold: boolean
}

type World = { db: Database; client: Client }

/** Looks at an endpoint, after its champion has followed what somebody deployed by hand. @throws QuantloopError not_found */
export async function takeStock(world: World, endpoint: string): Promise<Situation> {
  const { db } = world
  await followChampion(db, endpoint)
  const seen = await readSupervisedEndpoint(db, endpoint)
  if (seen === undefined) throw new QuantloopError('not_found', `nothing supervises the endpoint ${endpoint}`, { endpoint })
  const { supervision, recipe, lastSession } = seen
  const model = { name: supervision.championName!, version: supervision.championVersion! }
  const after = supervision.championAfter!
  const retrain = await findOpenRetrain(db, endpoint)
  return {
    dataset: supervision.dataset,
    head: { snapshotId: seen.headSnapshotId, lastSession },
    features: neededBy(recipe),
    served: await readByServed(db, seen.active?.model ?? model, neededBy(recipe)),
    champion: { model, after, watched: await hasDecayMonitor(db, { endpoint, model, after }) },
    retrain: retrain === undefined ? null : await standingOf(world, retrain, model),
    fallback: await fallbackOf(world, endpoint),
    freshForMs: supervision.policy.freshnessHours * 3_600_000 - seen.ageMs,
    staleTold: await hasAlert(db, endpoint, 'stale-data', lastSession),
  }
}

const neededBy = ({ featureSet, label, processors, universe }: Recipe): NeededBuild => ({
  featureSet,
  label,
  ...(processors && { processors }),
  ...(universe !== undefined && { universe }),
})

async function readByServed(db: Database, model: Version, known: NeededBuild): Promise<NeededBuild | null> {
  const recipe = await findRecipeOf(db, model)
  return recipe === undefined || featuresOf(recipe) === featuresOf(known) ? null : neededBy(recipe)
}

/** What the build's rows hold: of processors those that it computes. */
const featuresOf = ({ featureSet, processors = [], universe }: NeededBuild) =>
  canonicalJson([featureSet, buildProcessors(processors), universe ?? null])

async function standingOf(world: World, retrain: RetrainRow, champion: Version): Promise<Situation['retrain']> {
  const { id, runId, state } = retrain
  if (state !== 'training' && state !== 'challenging' && state !== 'rolling-out') return null
  const move = nextRetrainMove({
    state,
    verdict: retrain.verdict,
    training: await standingOfTraining(world, retrain.runId),
    rollout: retrain.deploymentId === null ? null : await standingOfRollout(world, retrain.endpoint, retrain.deploymentId),
    championLeft: champion.name !== retrain.championName || champion.version !== retrain.championVersion,
    fallsBack: retrain.fallback !== null,
    endpointBusy: (await findDeploymentUnderWay(world.db, retrain.endpoint)) !== undefined,
  })
  return { id, runId, stage: stageOf[state], move, reason: reasonOfVerdict(retrain) }
}

const stageOf = { training: 'train', challenging: 'challenge', 'rolling-out': 'roll-out' } as const

async function fallbackOf(world: World, endpoint: string): Promise<Situation['fallback']> {
  const fallback = await findFallback(world.db, endpoint)
  if (fallback === undefined) return null
  const rollout = await standingOfRollout(world, endpoint, fallback.deploymentId)
  const training = await standingOfTraining(world, fallback.runId)
  const move = nextFallbackMove({ training, rollout, endpointBusy: (await findDeploymentUnderWay(world.db, endpoint)) !== undefined })
  return move === null ? null : { ...fallback, move }
}
