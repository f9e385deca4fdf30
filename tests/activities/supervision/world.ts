/**
 * A supervised endpoint without workflows: a market of random walks whose snapshots really land, builds of four features,
 * versions whose ONNX files answer, and the rows that a supervisor would have written.
 */
import { createHash, randomUUID } from 'node:crypto'
import { canonicalJson } from '#contracts/canonical-json.ts'
import { FeatureBuildManifest, type FeatureSet, type LabelDefinition } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { SupervisionPolicy, type WalkForward } from '#contracts/supervision.ts'
import { FitReport, Recipe } from '#contracts/training.ts'
import { featureBuild, retrain, supervision } from '#db/schema.ts'
import { writeShard } from '#activities/features/shard-file.ts'
import { computeMarket } from '#domain/features/compute-market.ts'
import { buildIdOf, definitionHash, featureHash, readFeatures, readLabel } from '#domain/features/definitions.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { walkBars } from '#tests/support/bars.ts'
import { registerVersion } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'

export const endpoint = 'walk'
export const label = { expression: 'Log(Ref($high,-1)/Ref($low,-1))', persistence: 'Log($high/$low)', kind: 'time-series' as const }
const set: FeatureSet = {
  name: 'four',
  version: 1,
  description: 'ranges and returns',
  features: [
    { name: 'RANGE', expression: 'Log($high/$low)' },
    { name: 'MA5', expression: 'Mean($close,5)/$close-1' },
    { name: 'RETURN', expression: '$close/Ref($close,1)-1' },
    { name: 'VOLUME5', expression: '$volume/Mean($volume,5)-1' },
  ],
}
const definition = definitionHash(set, label)
export const symbols = ['AAA', 'BBB', 'CCC']
export const market = symbols.map((symbol, seed) => walkBars(symbol, 200, seed + 1))
export const sessions = market[0]!.sessions
/** the model was fitted on the first hundred sessions, the supervisor begins after the 120th */
export const begin = 120

export type Build = { id: string; manifest: ObjectRef; snapshotId: string }
export type Options = { bars?: readonly BarColumns[]; blank?: (symbol: string, session: string) => boolean; of?: LabelDefinition }

export async function supervisedWorld() {
  const [database, store] = await Promise.all([testDatabase(), testObjectStore()])
  const { db } = database
  const { objects } = store
  const putJson = (value: unknown) => objects.put(Buffer.from(canonicalJson(value)), 'json')

  /** What a sync and a build leave once `rows` sessions have landed. `blank` labels are not known. */
  async function land(rows: number, { bars = market, blank = () => false, of = label }: Options = {}): Promise<Build> {
    const landed = bars.map((each) => sliceBars(each, 0, rows))
    const snapshot = await landSnapshot({ db, objects }, 'walk', landed)
    const { expression, persistence, text, reach } = readLabel(of)
    const read = readFeatures(set.features)
    const names = [...read.map(({ name }) => name), 'label', 'persistence']
    const computed = await computeMarket(
      [...read.map((feature) => feature.expression), expression, persistence.expression],
      landed.map((each) => ({ bars: each, actions: [] })),
      new Set(symbols),
    )
    const parts = landed.map(({ symbol }) => computed.get(symbol)!)
    landed.forEach(({ symbol, sessions: days }, at) =>
      days.forEach((session, row) => {
        if (blank(symbol, session)) parts[at]![read.length]![row] = Number.NaN
      }),
    )
    const columns = names.map((name, index) => ({ name, values: Float32Array.from(parts.flatMap((part) => [...part[index]!])) }))
    const shard = await objects.put(writeShard(landed, columns), 'arrow')
    const count = landed.reduce((sum, each) => sum + each.sessions.length, 0)
    const calendar = sessions.slice(0, rows)
    const manifest = FeatureBuildManifest.parse({
      format: 1,
      definitionHash: definition,
      snapshotId: snapshot.id,
      featureHash: featureHash(set),
      engineVersion: '1',
      featureSet: { name: set.name, version: 1 },
      columns: read.map(({ name, text: normalised, lookback }) => ({ name, expression: normalised, lookback })),
      label: { expression: text, persistence: persistence.text, kind: of.kind, reach },
      rows: count,
      sessions: calendar,
      shards: [{ object: shard, rows: count, symbols, firstSession: calendar[0], lastSession: calendar.at(-1) }],
    })
    return { id: buildIdOf(definition, snapshot.id), manifest: await putJson(manifest), snapshotId: snapshot.id }
  }

  /** A version that was fitted on a build; `shift` is its persistence's. */
  async function register(build: Build, version: number, onnx: 'linear' | 'lightgbm', shift = 0.001): Promise<void> {
    await db
      .insert(featureBuild)
      .values({
        id: build.id,
        definitionHash: definition,
        snapshotId: build.snapshotId,
        dataset: 'walk',
        featureSet: set,
        label,
        state: 'ready',
        manifest: build.manifest,
        requestedBy: 'tests',
        bodySha256: '0'.repeat(64),
      })
      .onConflictDoNothing()
    const order = set.features.map(({ name }) => name)
    const report = FitReport.parse({
      rounds: 1,
      earlyStoppingLoss: 0.1,
      rows: { train: 1, earlyStopping: 1, refit: 1 },
      featureOrder: order,
      featureHash: featureHash(set),
      gain: order.map(() => 1),
      linear: { mean: order.map(() => 0), scale: order.map(() => 1), coefficients: order.map(() => 0), intercept: 0, alpha: 1 },
      labelMean: 0,
      persistenceShift: shift,
      libraries: {},
    })
    const recipe = Recipe.parse({
      model: 'lightgbm',
      params: {},
      dataset: 'walk',
      featureSet: 'four',
      label,
      segments: { train: range(10, 79), earlyStopping: range(80, 99) },
      startFrom: 'mean',
      seed: 7,
      maxRounds: 100,
      patience: 10,
      blockRounds: 20,
      threads: 1,
      missing: 'refuse',
    })
    await registerVersion(db, objects, 'walk', {
      version,
      onnx,
      missing: 'refuse',
      trainedOn: {
        dataset: 'walk',
        featureHash: featureHash(set),
        buildId: build.id,
        snapshotId: build.snapshotId,
        featureOrder: order,
        fitReport: await putJson(report),
      },
      sidecar: { recipe, input: { name: 'features', features: order.length } },
    })
  }

  async function supervise(policy: object = {}, of: Partial<typeof supervision.$inferInsert> = {}): Promise<void> {
    await db.insert(supervision).values({
      endpoint,
      dataset: 'walk',
      label,
      policy: SupervisionPolicy.parse(policy),
      state: 'running',
      championName: 'walk',
      championVersion: 1,
      championAfter: sessions[begin - 1]!,
      processedThrough: sessions[begin - 1]!,
      requestedBy: 'tests',
      bodySha256: '0'.repeat(64),
      ...of,
    })
  }

  /** Losses of earlier sessions as a calibration would have found them. */
  const walkForward = (losses: readonly number[]): Promise<ObjectRef> =>
    putJson({
      format: 1,
      recipeHash: createHash('sha256').update('recipe').digest('hex'),
      folds: [{ trainedThrough: sessions[0]!, from: sessions[1]!, to: sessions[losses.length]!, rounds: 1 }],
      sessions: losses.map((loss, at) => ({ session: sessions[at + 1]!, loss, bias: 0, rows: 3 })),
    } satisfies WalkForward)

  async function openRetrain(session: string, of: Partial<typeof retrain.$inferInsert> = {}): Promise<string> {
    const id = randomUUID()
    await db.insert(retrain).values({
      id,
      endpoint,
      trigger: 'decay',
      session,
      runId: randomUUID(),
      state: 'training',
      championName: 'walk',
      championVersion: 1,
      requestedBy: 'policy:walk',
      ...of,
    })
    return id
  }

  return {
    db,
    objects,
    land,
    register,
    supervise,
    walkForward,
    openRetrain,
    close: async () => {
      await Promise.all([database.drop(), store.drop()])
    },
  }
}

export type SupervisedWorld = Awaited<ReturnType<typeof supervisedWorld>>

const range = (from: number, to: number) => ({ from: sessions[from]!, to: sessions[to]! })
