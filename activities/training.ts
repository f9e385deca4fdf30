import { QuantloopError } from '#contracts/errors.ts'
import type { CheckFeaturesResult } from '#contracts/feature-checks.ts'
import { FeatureBuildManifest } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Evaluation, Recipe, TrainModelInput } from '#contracts/training.ts'
import type { Database } from '#db/client.ts'
import { closeTrainingRun, type TrainingEnd } from '#db/commands/close-training-run.ts'
import { decideModelVersion, type VersionDecision } from '#db/commands/decide-model-version.ts'
import { openTrainingRun } from '#db/commands/open-training-run.ts'
import { pinTrainingSnapshot } from '#db/commands/pin-training-snapshot.ts'
import { recordTrainingFacts } from '#db/commands/record-training-facts.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { findCheckOfDefinition } from '#db/queries/feature-checks.ts'
import { resolveSet } from '#db/queries/feature-sets.ts'
import { assertSegmentsFilled, assertSegmentsOrdered } from '#domain/evaluation/segments.ts'
import { persistenceSet } from '#domain/features/feature-sets.ts'
import { checkVersion } from '#domain/trust/check-version.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { interruptible } from './interruptible.ts'
import { senderOf, type SignalOrdinal } from './sender.ts'
import { checkParity, type Parity } from './training/check-parity.ts'
import { type CandidateToJudge, evaluateCandidate, type FittedRun } from './training/evaluate-candidate.ts'
import { type EvaluatedRun, registerCandidate } from './training/register-candidate.ts'
import { readJson } from './training/read-json.ts'

export type { FittedRun } from './training/evaluate-candidate.ts'

/** The side effects of a training run, but for the fit itself, which the trainer does. */
export const createTrainingActivities = ({ db, objects }: { db: Database; objects: ObjectStore }) => ({
  openTrainingRun: (input: TrainModelInput): Promise<void> => openTrainingRun(db, input),

  /** Refuses what cannot work with any data, and answers the snapshot to train on. */
  async resolveRecipe({ runId, recipe, snapshotId }: TrainModelInput): Promise<string> {
    assertSegmentsOrdered(recipe.segments)
    const bars = { dataset: recipe.dataset, snapshotId: snapshotId ?? undefined, universe: recipe.universe }
    await resolveSet(db, recipe.featureSet, recipe.label, bars, recipe.processors)
    if (recipe.model === 'persistence' && recipe.featureSet !== persistenceSet)
      throw new QuantloopError(
        'recipe_invalid',
        `a persistence model reads the feature set ${persistenceSet} and no other, not ${recipe.featureSet}`,
        { featureSet: recipe.featureSet },
      )
    return await pinTrainingSnapshot(db, { runId, dataset: recipe.dataset, snapshotId })
  },

  /** Refuses segments that the build leaves empty after purging. */
  async checkSegments({
    runId,
    recipe,
    build,
  }: {
    runId: string
    recipe: Recipe
    build: { id: string; manifest: ObjectRef }
  }): Promise<void> {
    const manifest = await readJson(objects, build.manifest, FeatureBuildManifest, 'feature build')
    assertSegmentsFilled(manifest.sessions, recipe.segments, manifest.label.reach)
    await recordTrainingFacts(db, runId, { buildId: build.id })
  },

  /** What a check of these features over this dataset has found; null when there was none. */
  async findFeatureCheck({ buildId }: { buildId: string }): Promise<Pick<CheckFeaturesResult, 'verdict' | 'reasons'> | null> {
    const build = await findFeatureBuild(db, buildId)
    const known = build && (await findCheckOfDefinition(db, { ...build, engineVersion: checkVersion }))
    if (known === undefined) return null
    const { verdict, reasons } = known.result
    return known.acceptedBy === null ? { verdict, reasons } : { verdict: 'passed', reasons: [] }
  },

  async checkParity({ runId, fit }: FittedRun): Promise<Parity> {
    await recordTrainingFacts(db, runId, { fit })
    return await checkParity(objects, fit)
  },

  evaluateCandidate: (run: CandidateToJudge): Promise<Evaluation> =>
    interruptible((cancelled) => evaluateCandidate(db, objects, run, cancelled)),

  registerCandidate: (run: EvaluatedRun): Promise<{ version: number }> => registerCandidate(db, objects, run),

  /** `signal` is there when the decision came by a signal that did not say who sent it. */
  async decideVersion({ signal, ...decision }: VersionDecision & { signal?: SignalOrdinal | undefined }): Promise<{ version: number }> {
    const sender = signal === undefined ? undefined : await senderOf(signal)
    return await decideModelVersion(db, { ...decision, command: { ...decision.command, by: sender ?? decision.command.by } })
  },

  closeTrainingRun: (end: TrainingEnd): ReturnType<typeof closeTrainingRun> => closeTrainingRun(db, end),
})

export type TrainingActivities = ReturnType<typeof createTrainingActivities>
