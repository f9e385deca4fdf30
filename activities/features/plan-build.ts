import type { BuildInput } from '#contracts/features.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { planBuildProgress } from '#db/commands/record-build-progress.ts'
import { barColumns } from '#domain/features/bar-columns.ts'
import { buildStages, chunksOf } from '#domain/features/build-stages.ts'
import { definitionHash, readFeatures, readLabel } from '#domain/features/definitions.ts'
import { groupSymbols, type SymbolGroup } from '#domain/features/symbol-groups.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { keptSnapshot } from '../kept-snapshot.ts'
import { calendarOfDataset, openSnapshot, optionalColumnsOf } from '../snapshots.ts'
import { openMembership } from './open-membership.ts'
import { countShards } from './plan-group.ts'

/**
 * `snapshot` is the manifest that is read, of so many bars; a shard is computed for each group of symbols, some groups at a
 * time. `crossings` are there when symbols read each other: by stage, in how many chunks its cross-sections are computed.
 */
export type BuildPlan = { snapshot: ObjectRef; bars: number; batches: SymbolGroup[][]; crossings?: number[] }

/** Of 32 groups, enough for 16 workers; of few symbols, one way through the queue. */
const groupsABatch = 2

/**
 * What a build is made of. Its definition is read once more, so that a fault in an expression is told before any work;
 * what of it will be done is counted from here.
 * @throws QuantloopError snapshot_not_found | expression_invalid | feature_column_absent | conflict; DomainError not_found for a
 * universe that the snapshot has not
 */
export async function planBuild(db: Database, objects: ObjectStore, input: BuildInput): Promise<BuildPlan> {
  const snapshot = await keptSnapshot(db, input)
  const reader = await openSnapshot(objects, snapshot.manifest)
  const { manifest } = reader
  const columns = [...barColumns, ...optionalColumnsOf(manifest)]
  readFeatures(input.featureSet.features, columns)
  readLabel(input.label, columns)
  await openMembership(objects, reader, input.featureSet.universe)
  const hash = definitionHash(input.featureSet, input.label)
  if (hash !== input.definitionHash)
    throw new QuantloopError(
      'conflict',
      `the build was asked for as ${input.definitionHash}, but its definition is ${hash}: it was asked for by another version of the engine`,
      { buildId: input.buildId },
    )
  const groups = groupSymbols(manifest.symbols.map(({ symbol }) => symbol))
  const batches = Array.from({ length: Math.ceil(groups.length / groupsABatch) }, (_, batch) =>
    groups.slice(batch * groupsABatch, (batch + 1) * groupsABatch),
  )
  const calendar = await calendarOfDataset(objects, manifest)
  const shards = batches.map((batch) => batch.reduce((sum, group) => sum + countShards(reader, group, calendar), 0))
  await planBuildProgress(db, input.buildId, shards)
  const crossings = buildStages(input.featureSet, input.label).map((stage) => chunksOf(stage).length)
  return { snapshot: snapshot.manifest, bars: manifest.rows, batches, ...(crossings.length > 0 && { crossings }) }
}
