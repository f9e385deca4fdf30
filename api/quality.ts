/** The quality report of a snapshot: read where it is known, else computed by a workflow that all who ask for it share. */
import { QuantloopError } from '#contracts/errors.ts'
import { qualityWorkflowId } from '#contracts/ids.ts'
import { type ExamineQualityInput, type ExamineQualityResult, QualityReport } from '#contracts/quality.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { findQualityReport } from '#db/queries/snapshot-quality.ts'
import { qualityEngineVersion } from '#domain/quality/snapshot-examination.ts'
import type { AppDependencies } from './dependencies.ts'

/** A second or so for a million bars; who waits longer asks again and joins what goes on. */
const examinedMs = 120_000

/** @throws QuantloopError snapshot_not_found | object_missing | object_corrupt | unavailable */
export async function qualityOf(
  deps: Pick<AppDependencies, 'db' | 'temporal' | 'objects'>,
  input: ExamineQualityInput,
): Promise<QualityReport> {
  const { db, objects } = deps
  const ref = (await findQualityReport(db, { ...input, engineVersion: qualityEngineVersion })) ?? (await examine(deps, input)).report
  const text = new TextDecoder().decode(await objects.get(ref))
  const report = QualityReport.safeParse(JSON.parse(text))
  if (!report.success)
    throw new QuantloopError('object_corrupt', `${ref.uri} is not a quality report that this program reads`, { object: ref.uri })
  return report.data
}

const examine = ({ temporal }: Pick<AppDependencies, 'temporal'>, input: ExamineQualityInput): Promise<ExamineQualityResult> =>
  temporal.withDeadline(Date.now() + examinedMs, () =>
    temporal.workflow.execute<(input: ExamineQualityInput) => Promise<ExamineQualityResult>>('examineQuality', {
      workflowId: qualityWorkflowId(input.dataset, input.snapshotId),
      taskQueue: taskQueues.orchestration,
      args: [input],
      typedSearchAttributes: [{ key: searchAttributeKey('Dataset'), value: input.dataset }],
      staticSummary: `quality report of ${input.dataset}`,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  )
