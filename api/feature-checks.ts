/** The check of a build: made by a workflow that all who ask the same share, and read back as it is kept. */
import { type CheckFeaturesInput, type CheckFeaturesResult, FeatureCheck, type KeptFeatureCheck } from '#contracts/feature-checks.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { featureCheckWorkflowId } from '#contracts/ids.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { findFeatureCheck } from '#db/queries/feature-checks.ts'
import { checkVersion } from '#domain/trust/check-version.ts'
import type { AppDependencies } from './dependencies.ts'
import { found } from './found.ts'

/** Some seconds for Alpha158; who waits longer asks again and joins what goes on. */
const checkedMs = 120_000

/** @throws QuantloopError conflict | snapshot_not_found | object_missing | object_corrupt | unavailable */
export const makeCheck = (
  temporal: AppDependencies['temporal'],
  input: CheckFeaturesInput,
  dataset: string,
): Promise<CheckFeaturesResult> =>
  temporal.withDeadline(Date.now() + checkedMs, () =>
    temporal.workflow.execute<(input: CheckFeaturesInput) => Promise<CheckFeaturesResult>>('checkFeatures', {
      workflowId: featureCheckWorkflowId(input),
      taskQueue: taskQueues.orchestration,
      args: [input],
      typedSearchAttributes: [{ key: searchAttributeKey('Dataset'), value: dataset }],
      staticSummary: `check of a feature build of ${dataset}`,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  )

/** @throws QuantloopError not_found when the build was not checked yet | object_missing | object_corrupt | unavailable */
export async function readCheck({ db, objects }: Pick<AppDependencies, 'db' | 'objects'>, buildId: string): Promise<KeptFeatureCheck> {
  const kept = found(await findFeatureCheck(db, { buildId, engineVersion: checkVersion }), 'check of the feature build', buildId)
  const { report } = kept.result
  const read = FeatureCheck.safeParse(JSON.parse(new TextDecoder().decode(await objects.get(report))))
  if (!read.success)
    throw new QuantloopError('object_corrupt', `${report.uri} holds no check that this program reads`, { object: report.uri })
  const { checkedAt, acceptedBy, acceptedReason } = kept
  return { ...read.data, checkedAt, acceptedBy, acceptedReason }
}
