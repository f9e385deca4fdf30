import { Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import type { CheckFeaturesInput, CheckFeaturesResult } from '#contracts/feature-checks.ts'
import type { FeatureExportInput, FeatureExportResult } from '#contracts/feature-exports.ts'
import type { FeatureJoinInput, FeatureJoinResult } from '#contracts/feature-joins.ts'
import type { DescribeFeaturesInput, DescribeFeaturesResult } from '#contracts/feature-statistics.ts'
import type { BuildInput, BuildResult } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { type BuildEnd, closeFeatureBuild } from '#db/commands/close-feature-build.ts'
import { openFeatureBuild } from '#db/commands/open-feature-build.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { buildBriefly } from './features/build-briefly.ts'
import { checkBuild } from './features/check-build.ts'
import { computeCrossSections, type CrossSectionsInput, type CrossSectionsResult } from './features/compute-cross-sections.ts'
import {
  computeOperands,
  computeShards,
  type OperandsResult,
  type ShardsInput,
  type ShardsResult,
  type ShardWorld,
} from './features/compute-shards.ts'
import { describeBuild } from './features/describe-build.ts'
import { joinBuild } from './features/join-build.ts'
import { exportBuild } from './features/export-build.ts'
import { onThisThread } from './features/on-this-thread.ts'
import { type BuildPlan, planBuild } from './features/plan-build.ts'
import { type ColumnCounts, publishBuild } from './features/publish-build.ts'
import { type BuildRequest, requestBuild } from './features/request-build.ts'
import { SeenObjects } from './features/seen-objects.ts'
import type { ColumnComputer } from './features/thread-pool.ts'
import { interruptible } from './interruptible.ts'

export type { CrossSectionsResult } from './features/compute-cross-sections.ts'
export type { OperandsResult, ShardsResult } from './features/compute-shards.ts'
export type { BuildPlan } from './features/plan-build.ts'
export type { ColumnCounts } from './features/publish-build.ts'

/** For workflows that need a feature build: it is shared work, and never their child. */
export const createFeatureRequestActivities = ({ db, client }: { db: Database; client: Client }) => ({
  requestFeatureBuild: (request: BuildRequest): Promise<BuildResult> => requestBuild(db, client, request),
})

/** The bookkeeping of a build, and the whole of a brief one, on the orchestration queue. */
export const createFeatureBuildActivities = ({
  db,
  objects,
  seen = new SeenObjects(),
  pool = onThisThread,
}: {
  db: Database
  objects: ObjectStore
  seen?: SeenObjects
  pool?: ColumnComputer
}) => ({
  /** The manifest when the build is ready already. */
  openFeatureBuild: (input: BuildInput): Promise<ObjectRef | null> => openFeatureBuild(db, input),

  /** The manifest, or null when the build takes more than a moment. */
  buildFeaturesBriefly: (input: BuildInput): Promise<ObjectRef | null> =>
    buildBriefly({ db, objects, seen, pool }, input, Context.current().cancellationSignal),

  planFeatureBuild: (input: BuildInput): Promise<BuildPlan> => planBuild(db, objects, input),

  publishFeatureBuild: (input: BuildInput, results: ShardsResult[], staged?: ColumnCounts[]): Promise<ObjectRef> =>
    publishBuild({ db, objects, seen }, input, results, staged),

  closeFeatureBuild: (end: BuildEnd): Promise<void> => closeFeatureBuild(db, end),
})

/** The work of a build, on the features queue. */
export const createFeatureComputeActivities = (world: ShardWorld) => ({
  checkFeatureBuild: (input: CheckFeaturesInput): Promise<CheckFeaturesResult> =>
    interruptible((cancelled) => checkBuild(world, input, cancelled)),

  computeOperandShards: (input: ShardsInput & { stage: number }): Promise<OperandsResult> =>
    interruptible((cancelled) => computeOperands(world, input, cancelled)),

  computeCrossSections: (input: CrossSectionsInput): Promise<CrossSectionsResult> =>
    interruptible((cancelled) => computeCrossSections(world, input, cancelled)),

  computeFeatureShards: (input: ShardsInput): Promise<ShardsResult> => interruptible((cancelled) => computeShards(world, input, cancelled)),
})

/** Looking into builds: what takes a while, changes no row of a build, and may be done again. On the features queue. */
export const createFeatureInspectionActivities = (world: { db: Database; objects: ObjectStore }) => ({
  exportFeatureBuild: (input: FeatureExportInput): Promise<FeatureExportResult> =>
    interruptible((cancelled) => exportBuild(world, input, cancelled)),

  joinFeatureBuild: (input: FeatureJoinInput): Promise<FeatureJoinResult> =>
    interruptible((cancelled) => joinBuild(world, input, cancelled)),

  describeFeatureBuild: (input: DescribeFeaturesInput): Promise<DescribeFeaturesResult> =>
    interruptible((cancelled) => describeBuild(world, input, cancelled)),
})

export type FeatureRequestActivities = ReturnType<typeof createFeatureRequestActivities>
export type FeatureBuildActivities = ReturnType<typeof createFeatureBuildActivities>
export type FeatureComputeActivities = ReturnType<typeof createFeatureComputeActivities>
export type FeatureInspectionActivities = ReturnType<typeof createFeatureInspectionActivities>
