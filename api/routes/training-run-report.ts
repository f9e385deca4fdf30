/** A training run's report as a page: what is stored of the run, gathered and handed to `reports/`. */
import { z } from '@hono/zod-openapi'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { FitReport, SessionErrors } from '#contracts/training.ts'
import { Id } from '#contracts/words.ts'
import { findModelVersion } from '#db/queries/models.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { auditOf, findFit } from '#db/queries/training-run-evidence.ts'
import { findTrainingRun, listProgress } from '#db/queries/training-runs.ts'
import type { TrainingRunStory } from '#reports/training-run/story.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { notFound, operation } from '../operation.ts'
import { reportPage } from '../report-page.ts'

/** More points than a curve can show. */
const mostProgress = 20_000

const report = operation('viewer', {
  method: 'get',
  path: '/api/v1/training-runs/{id}/report',
  tags: ['training-runs'],
  summary: 'The report of a training run, as one self-contained HTML page',
  description: 'Charts and tables without script or outside file; equal runs give equal bytes.',
  request: { params: z.strictObject({ id: Id }) },
  responses: { 200: { description: 'The report', content: { 'text/html': { schema: z.string() } } }, ...notFound },
})

export function trainingRunReports(app: Api, deps: AppDependencies): void {
  app.openapi(report, async (c) => {
    const story = await storyOf(deps, c.req.valid('param').id)
    // the drawing library takes a second to load, which the API need not spend before it is asked
    const { trainingRunReport } = await import('#reports/training-run-report.ts')
    return reportPage(c, trainingRunReport(story))
  })
}

async function storyOf({ db, objects }: AppDependencies, id: string): Promise<TrainingRunStory> {
  const run = found(await findTrainingRun(db, id), 'training run', id)
  const read = async <T>(ref: ObjectRef | undefined, schema: z.ZodType<T>): Promise<T | null> =>
    ref === undefined ? null : parsed(await objects.get(ref), schema, ref)
  const { modelName, modelVersion, snapshotId, evaluation } = run
  const fit = await findFit(db, id)
  const subjects = [`training-run/${id}`, ...(modelVersion === null ? [] : [`model-version/${modelName}@${modelVersion}`])]
  const [snapshot, progress, report, errors, version, audit] = await Promise.all([
    snapshotId === null ? undefined : findSnapshot(db, snapshotId, run.recipe.dataset),
    listProgress(db, id, { limit: mostProgress }),
    read(fit?.report, FitReport),
    read(evaluation?.sessionErrors, SessionErrors),
    modelVersion === null ? undefined : findModelVersion(db, modelName, modelVersion),
    auditOf(db, subjects),
  ])
  return { run, snapshot: snapshot ?? null, progress: progress.items, fit: report, errors, version: version ?? null, audit }
}

function parsed<T>(bytes: Uint8Array, schema: z.ZodType<T>, { uri }: ObjectRef): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new QuantloopError('object_corrupt', `${uri} is not what the run's report reads from it`, { object: uri }, { cause })
  }
}
