import { setImmediate as turn } from 'node:timers/promises'
import type { CheckFeaturesInput, CheckFeaturesResult, FeatureCheck } from '#contracts/feature-checks.ts'
import type { FeatureBuildManifest } from '#contracts/features.ts'
import { keepFeatureCheck } from '#db/commands/keep-feature-check.ts'
import { findFeatureCheck } from '#db/queries/feature-checks.ts'
import { checkVersion } from '#domain/trust/check-version.ts'
import {
  blockSessions,
  familyError,
  fewestGroups,
  type LeakGroup,
  plausibleExcess,
  shiftLabel,
  testLabelLeak,
} from '#domain/trust/label-leak.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import { putJson } from '#storage/put-json.ts'
import { type BuildRows, readColumnsByName, readRows } from './build-columns.ts'
import type { ShardWorld } from './compute-shards.ts'
import { readyManifest } from './ready-manifest.ts'
import { recheckHistory } from './recheck-history.ts'

/**
 * Whether the features of a ready build can be trusted. A build that was checked is answered from what was found, unless
 * another seed or another end is asked for. Doing it twice stores the same object.
 * @throws QuantloopError not_found | conflict | snapshot_not_found | object_missing | object_corrupt | unavailable
 */
export async function checkBuild(world: ShardWorld, input: CheckFeaturesInput, cancelled: AbortSignal): Promise<CheckFeaturesResult> {
  const { db, objects } = world
  const { buildId, seed, before } = input
  const known = await findFeatureCheck(db, { buildId, engineVersion: checkVersion })
  if (known !== undefined && known.seed === seed && known.before === (before ?? null)) return known.result
  const { build, manifest } = await readyManifest(world, buildId)
  const { lookAhead, warmUp } = await recheckHistory(world, { build, manifest, seed }, cancelled)
  const leakage = await leakageOf(world, manifest, before, cancelled)
  const reasons = reasonsOf({ lookAhead, leakage })
  const tooLittle = lookAhead.cells === 0 || leakage.features.every(({ pValue }) => pValue === null)
  const verdict = reasons.length > 0 ? 'refused' : tooLittle ? 'inconclusive' : 'passed'
  const check: FeatureCheck = {
    format: 1,
    buildId,
    definitionHash: manifest.definitionHash,
    snapshotId: manifest.snapshotId,
    engineVersion: checkVersion,
    featureSet: manifest.featureSet,
    ...(manifest.universe === undefined ? {} : { universe: manifest.universe }),
    label: { expression: manifest.label.expression, kind: manifest.label.kind, reach: manifest.label.reach },
    verdict,
    reasons: tooLittle && reasons.length === 0 ? [...reasons, tooLittleToSay(lookAhead)] : reasons,
    seed,
    lookAhead,
    warmUp,
    leakage,
  }
  const report = await putJson(objects, check)
  await keepFeatureCheck(db, { ...input, dataset: build.dataset, check, report })
  return { report, verdict, reasons: check.reasons }
}

async function leakageOf(
  { objects }: ShardWorld,
  manifest: FeatureBuildManifest,
  before: string | undefined,
  cancelled: AbortSignal,
): Promise<FeatureCheck['leakage']> {
  const rows = await readRows(objects, manifest)
  const names = manifest.columns.map(({ name }) => name)
  const { kind, reach } = manifest.label
  const groups = groupsOf(manifest, rows)
  const features: FeatureCheck['leakage']['features'] = []
  let labels: Record<'label' | 'before' | 'behind', Float32Array> | undefined
  for await (const { name, values } of readColumnsByName(objects, manifest, ['label', ...names])) {
    cancelled.throwIfAborted()
    if (labels === undefined) {
      const label = knownBefore(values, rows, manifest, before)
      labels = { label, before: shiftLabel(label, rows.symbols, reach), behind: shiftLabel(label, rows.symbols, -reach) }
      continue
    }
    const tested = testLabelLeak(values, labels, groups, { features: names.length, reach: kind === 'cross-sectional' ? reach : 1 })
    features.push({ name, ...tested })
    // a column takes a moment: heartbeats come in between
    await turn()
  }
  return { before: before ?? null, plausibleExcess, familyError, features }
}

/** Labels that end before a session. */
function knownBefore(
  label: Float32Array,
  { days }: BuildRows,
  { sessions, label: { reach } }: FeatureBuildManifest,
  before: string | undefined,
) {
  if (before === undefined) return label
  const firstOut = sessions.findIndex((session) => session >= before)
  if (firstOut === -1) return label
  const last = sessions[firstOut - 1 - reach] ?? ''
  return label.map((value, row) => (sessionOf(days[row]!) <= last ? value : Number.NaN))
}

/** A session of a cross-sectional label; of a time-series label one symbol in a block of sessions, the block's together. */
function groupsOf({ label, sessions }: FeatureBuildManifest, { symbols, days }: BuildRows): LeakGroup[] {
  const positions = new Map(sessions.map((session, at) => [session, at]))
  const byKey = new Map<string, { cluster: number; rows: number[] }>()
  days.forEach((day, row) => {
    const at = positions.get(sessionOf(day))!
    const cluster = label.kind === 'cross-sectional' ? at : Math.floor(at / blockSessions)
    const key = label.kind === 'cross-sectional' ? String(cluster) : `${cluster} ${symbols[row]}`
    const group = byKey.get(key)
    if (group === undefined) byKey.set(key, { cluster, rows: [row] })
    else group.rows.push(row)
  })
  return [...byKey.values()].map(({ cluster, rows }) => ({ cluster, rows: Int32Array.from(rows) }))
}

function reasonsOf({ lookAhead, leakage }: Pick<FeatureCheck, 'lookAhead' | 'leakage'>): string[] {
  return [
    ...lookAhead.features.map(
      ({ name, cells, symbol, session, cutAfter }) =>
        `${name} looks ahead: ${cells} of its values change once later bars are cut off, such as that of ${symbol} on ${session} when nothing after ${cutAfter} is known`,
    ),
    ...leakage.features
      .filter(({ suspicious }) => suspicious)
      .map(
        ({ name, label, before, behind, pValue }) =>
          `${name} seems to know the label: its rank correlation with it is ${coefficient(label)}, with the label known by then ${coefficient(before)}, with the next one ${coefficient(behind)} (p ${pValue! < 1e-6 ? 'below 1e-6' : pValue!.toPrecision(2)})`,
      ),
  ]
}

const coefficient = (value: number | null) => (value === null ? 'not there' : value.toFixed(2))

const tooLittleToSay = ({ cells }: FeatureCheck['lookAhead']) =>
  cells === 0
    ? 'no history is long enough to be cut'
    : `fewer than ${fewestGroups} sessions (or blocks of ${blockSessions}, for a time-series label) have a label and both of its neighbours`
