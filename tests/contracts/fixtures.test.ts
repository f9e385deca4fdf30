/** Each message has one JSON fixture. What a schema reads from it, it writes again, and it refuses a key too many or too few. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { AuditEntry } from '#contracts/access.ts'
import { CollectInput, CollectResult } from '#contracts/collections.ts'
import { Command, RunState } from '#contracts/commands.ts'
import { QuarantinedRow, SnapshotManifest, SyncInput, SyncResult } from '#contracts/datasets.ts'
import { DeployModelInput, Endpoint } from '#contracts/deployments.ts'
import { CheckFeaturesInput, CheckFeaturesResult } from '#contracts/feature-checks.ts'
import { FeatureExportInput, FeatureExportResult } from '#contracts/feature-exports.ts'
import { FeatureJoinInput, FeatureJoinResult } from '#contracts/feature-joins.ts'
import { DescribeFeaturesInput, DescribeFeaturesResult } from '#contracts/feature-statistics.ts'
import { BuildInput, FeatureRow } from '#contracts/features.ts'
import { ModelSidecar } from '#contracts/models.ts'
import { ApplyCommandInput } from '#contracts/orders.ts'
import { PredictionRecord, PredictRequest, PredictResponse, Trace } from '#contracts/predictions.ts'
import { Problem } from '#contracts/problems.ts'
import { ExamineQualityInput, ExamineQualityResult, QualityReport } from '#contracts/quality.ts'
import { TrainRequest } from '#contracts/requests.ts'
import { RequestSyncInput, RequestSyncResult, Schedule } from '#contracts/schedules.ts'
import { CompareInput, ExportInput, ExportResult, VerifyInput, VerifyResult } from '#contracts/snapshots.ts'
import { CalibrateInput, CalibrateResult, FoldErrors, WalkForward } from '#contracts/supervision.ts'
import { Evaluation, TrainModelInput, TrainModelResult } from '#contracts/training.ts'

const folder = new URL('../../contracts/fixtures/', import.meta.url)
const fixture = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Record<string, unknown>

const messages: Record<string, z.ZodObject> = {
  'apply-command-input': ApplyCommandInput,
  'audit-entry': AuditEntry,
  'build-input': BuildInput,
  'build-input-as-of': BuildInput,
  'build-input-of-a-universe': BuildInput,
  'calibrate-input': CalibrateInput,
  'calibrate-result': CalibrateResult,
  'check-features-input': CheckFeaturesInput,
  'check-features-result': CheckFeaturesResult,
  'collect-input': CollectInput,
  'collect-result': CollectResult,
  command: Command,
  'compare-input': CompareInput,
  'deploy-model-input': DeployModelInput,
  'describe-features-input': DescribeFeaturesInput,
  'describe-features-result': DescribeFeaturesResult,
  endpoint: Endpoint,
  evaluation: Evaluation,
  'examine-quality-input': ExamineQualityInput,
  'examine-quality-result': ExamineQualityResult,
  'export-input': ExportInput,
  'export-result': ExportResult,
  'fold-errors': FoldErrors,
  'feature-export-input': FeatureExportInput,
  'feature-export-result': FeatureExportResult,
  'feature-join-input': FeatureJoinInput,
  'feature-join-result': FeatureJoinResult,
  'feature-row': FeatureRow,
  'model-sidecar': ModelSidecar,
  'model-sidecar-of-a-challenger': ModelSidecar,
  'predict-request': PredictRequest,
  'predict-response': PredictResponse,
  'prediction-record': PredictionRecord,
  'prediction-record-of-tensor': PredictionRecord,
  'quality-report': QualityReport,
  'quarantined-row': QuarantinedRow,
  'request-sync-input': RequestSyncInput,
  'request-sync-result': RequestSyncResult,
  'run-state': RunState,
  schedule: Schedule,
  'snapshot-manifest': SnapshotManifest,
  'sync-input': SyncInput,
  'sync-input-of-replay': SyncInput,
  'sync-result': SyncResult,
  trace: Trace,
  'train-model-input': TrainModelInput,
  'train-model-input-as-of': TrainModelInput,
  'train-model-input-of-a-challenger': TrainModelInput,
  'train-model-input-of-a-universe': TrainModelInput,
  'train-model-result': TrainModelResult,
  'train-request': TrainRequest,
  'verify-input': VerifyInput,
  'verify-result': VerifyResult,
  'walk-forward': WalkForward,
}

/** Paths of all objects within a value, the value itself included. */
function objectsIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.entries(value).flatMap(([key, child]) => objectsIn(child, [...path, key]))
  return Array.isArray(value) ? inner : [path, ...inner]
}

function changed(value: Record<string, unknown>, path: string[], change: (object: Record<string, unknown>) => void): unknown {
  const copy = structuredClone(value)
  change(path.reduce<Record<string, unknown>>((object, key) => object[key] as Record<string, unknown>, copy))
  return copy
}

/** Whose keys are data. */
const openRecords = new Set(['detail', 'libraries', 'baselines'])

describe.each(Object.entries(messages))('%s', (name, schema) => {
  const message = fixture(name)

  test('is read and written again without a change', () => {
    expect(schema.parse(message)).toEqual(message)
    expect(JSON.parse(JSON.stringify(schema.parse(message)))).toEqual(message)
  })

  test.each(objectsIn(message).filter((path) => !openRecords.has(path.at(-1) ?? '')))('refuses a key too many at %j', (...path) => {
    const result = schema.safeParse(changed(message, path, (object) => Object.assign(object, { surplus: 1 })))
    expect(result.error?.issues).not.toBeUndefined()
  })

  const required = Object.entries(schema.shape).flatMap(([key, field]) => (field.safeParse(undefined).success ? [] : [key]))
  test.each(required)('refuses to do without %s', (key) => {
    expect(schema.safeParse(changed(message, [], (object) => delete object[key])).error?.issues[0]?.path).toEqual([key])
  })

  test.each(required)('refuses a symbol, which JSON cannot hold, as %s', (key) => {
    expect(schema.safeParse({ ...message, [key]: Symbol('x') }).success).toBe(false)
  })
})

test('a problem is read, and keys of other writers are let through unread, as RFC 9457 asks', () => {
  const problem = fixture('problem')
  expect(Problem.parse({ ...problem, balance: 30 })).toEqual(problem)
  expect(Problem.safeParse({ ...problem, code: 'no_such_code' }).success).toBe(false)
})

/** The messages that cross into Python have tests of their own, on both sides. */
test('no fixture lies unread', () => {
  const read = new Set([...Object.keys(messages), 'problem'])
  const others = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts') && !import.meta.filename.endsWith(file))
  const texts = others.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join('\n')
  const names = readdirSync(folder).map((file) => file.replace(/\.\w+$/, ''))
  expect(names.filter((name) => !read.has(name) && !texts.includes(name))).toEqual([])
})
