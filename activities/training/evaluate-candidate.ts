/**
 * Opens the test segment, once, and judges the candidate on it by the registration gate. What is evaluated is the ONNX
 * file that would be served, not the trainer's model.
 */
import { QuantloopError } from '#contracts/errors.ts'
import { FeatureBuildManifest } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { type Evaluation, FitReport, type FitResult, type Recipe } from '#contracts/training.ts'
import type { SessionRange } from '#contracts/words.ts'
import type { Database } from '#db/client.ts'
import { openTestSegment } from '#db/commands/open-test-segment.ts'
import type { Panel } from '#domain/evaluation/panel.ts'
import { type Baselines, judgeBaseline, judgeCandidate } from '#domain/evaluation/registration-gate.ts'
import { purgedWithin } from '#domain/evaluation/segments.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { keepSessionErrors } from './keep-session-errors.ts'
import { forecastRows } from './forecast-rows.ts'
import { linearForecast } from './linear-forecast.ts'
import { readJson } from './read-json.ts'

export type FittedRun = { runId: string; recipe: Recipe; snapshotId: string; build: { id: string; manifest: ObjectRef }; fit: FitResult }

/** `test` is the recipe's segment of that name. */
export type CandidateToJudge = FittedRun & { test: SessionRange }

/** @throws QuantloopError segment_empty | artifact_invalid | output_not_finite | object_missing | object_corrupt */
export async function evaluateCandidate(
  db: Database,
  objects: ObjectStore,
  { runId, recipe, build, fit, test }: CandidateToJudge,
  cancelled: AbortSignal,
): Promise<Evaluation> {
  const manifest = await readJson(objects, build.manifest, FeatureBuildManifest, 'feature build')
  const report = await readJson(objects, fit.report, FitReport, 'fit report')
  assertSameFeatures(manifest, report)
  const openings = await openTestSegment(db, { runId, purpose: 'registration-gate', buildId: build.id })
  const opened = { manifest, report, fit, missing: recipe.missing, test }
  const { panel, candidate, baselines } = await forecastTest(objects, opened, cancelled)
  if (panel.labels.length === 0)
    throw new QuantloopError(
      'segment_empty',
      `the test segment, ${test.from} to ${test.to}, holds no row with a known label, a persistence forecast and usable features`,
      { segment: 'test' },
    )
  const sessionErrors = await keepSessionErrors(objects, panel, candidate, baselines)
  const judge = recipe.model === 'persistence' ? judgeBaseline : judgeCandidate
  const judgement = judge(panel, recipe.label.kind, candidate, baselines, manifest.label.reach)
  return { segment: 'test', range: test, ...judgement, openings, sessionErrors }
}

type Opened = { manifest: FeatureBuildManifest; report: FitReport; fit: FitResult; missing: Recipe['missing']; test: SessionRange }

async function forecastTest(objects: ObjectStore, { manifest, report, fit, missing, test }: Opened, cancelled: AbortSignal) {
  const sessions = purgedWithin(manifest.sessions, test, manifest.label.reach)
  const symbolNumbers = new Map<string, number>()
  const numberOf = (symbol: string) => symbolNumbers.get(symbol) ?? (symbolNumbers.set(symbol, symbolNumbers.size), symbolNumbers.size - 1)
  const parts: { panel: Panel; candidate: Float64Array; baselines: Baselines<Float64Array> }[] = []
  for await (const rows of forecastRows(objects, { manifest, onnx: fit.onnx, sessions, missing }, cancelled))
    parts.push({
      panel: { symbols: Int32Array.from(rows.symbols, numberOf), sessions: rows.sessions, labels: Float64Array.from(rows.labels) },
      candidate: rows.forecast,
      baselines: {
        persistence: Float64Array.from(rows.persistence, (value) => value + report.persistenceShift),
        mean: new Float64Array(rows.count).fill(report.labelMean),
        linear: linearForecast(report.linear, rows.features, rows.count),
      },
    })
  const joined = (pick: (part: (typeof parts)[number]) => Float64Array) => Float64Array.from(parts.flatMap((part) => [...pick(part)]))
  return {
    panel: {
      symbols: Int32Array.from(parts.flatMap(({ panel }) => [...panel.symbols])),
      sessions: Int32Array.from(parts.flatMap(({ panel }) => [...panel.sessions])),
      labels: joined(({ panel }) => panel.labels),
    },
    candidate: joined((part) => part.candidate),
    baselines: {
      persistence: joined(({ baselines }) => baselines.persistence),
      mean: joined(({ baselines }) => baselines.mean),
      linear: joined(({ baselines }) => baselines.linear),
    },
  }
}

/** The trainer and the build must speak of the same columns, in the same order: ONNX knows them by position only. */
function assertSameFeatures(manifest: FeatureBuildManifest, report: FitReport): void {
  const built = manifest.columns.map(({ name }) => name)
  if (
    report.featureHash !== manifest.featureHash ||
    built.length !== report.featureOrder.length ||
    built.some((name, index) => name !== report.featureOrder[index])
  )
    throw new QuantloopError(
      'artifact_invalid',
      `the model was fitted on the features ${report.featureHash}, but the build holds ${manifest.featureHash}, or in another order`,
    )
}
