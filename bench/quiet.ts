/**
 * How often a supervisor retrains in quiet years, under the default policy: real walk-forward losses of the demo's recipe
 * on real bars, years of 252 sessions drawn from them in blocks, with a seed and a generator that the calibration does not
 * use. The limit is the policy's own rate. Answers are equal when calibrating again gives the same threshold.
 *
 * That measures the arithmetic: whether the threshold keeps what it promises for years that look like its reference. How
 * far the promise carries is told beside it, on standard error: thresholds from one part of the losses held against years
 * drawn from the other, and the champion's losses in the real 2007.
 */
import { fileURLToPath } from 'node:url'
import { eq } from 'drizzle-orm'
import * as scenario from '#cli/demo/scenario.ts'
import type { Deployment } from '#contracts/deployments.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { SupervisionPolicy, WalkForward } from '#contracts/supervision.ts'
import { SessionErrors, type TrainingRun } from '#contracts/training.ts'
import type { Sync } from '#contracts/datasets.ts'
import { connectDatabase } from '#db/client.ts'
import { calibration } from '#db/schema.ts'
import { calibrateDecay, type DecayCalibration, sessionsAYear } from '#domain/monitoring/decay-calibration.ts'
import { cusumStep } from '#domain/monitoring/cusum.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { eventually, System } from '#tests/e2e/system.ts'
import { randomNumbers } from '#tests/support/bars.ts'
import { type Measurement, measurement } from './measurement.ts'

const years = 100_000
const dataset = 'us-daily'
const endpoint = 'quiet'
const python = fileURLToPath(new URL('../.quantloop/python/bin/python', import.meta.url))
const { decay: rule, cooldownSessions } = SupervisionPolicy.parse({})

export async function benchmark(): Promise<Measurement[]> {
  const { walkForward, test } = await realLosses()
  const losses = walkForward.sessions.map(({ loss }) => loss)
  const chart = calibrateDecay(losses, rule)
  const again = calibrateDecay(losses, rule)
  const measured = drawnYears(chart, losses)
  tellHowFarItCarries(losses, chart, test)
  const shared = { peer: rule.falseAlarmsAYear, goal: 1, answersEqual: again.threshold === chart.threshold }
  return [measurement({ name: `quiet years with a retrain (${years} drawn)`, unit: 'share', ours: measured.withRetrain, ...shared })]
}

/** Shares of drawn years in which the CUSUM fires at all, and retrains a year under the policy's cooldown. */
function drawnYears(chart: DecayCalibration, losses: readonly number[]): { withRetrain: number; retrains: number } {
  const random = randomNumbers(20_080_102)
  let [withRetrain, retrains] = [0, 0]
  for (let year = 0; year < years; year++) {
    let row = 0
    const drawn = Array.from({ length: sessionsAYear }, (_, at) => {
      row = at % rule.blockSessions === 0 ? Math.floor(random() * losses.length) : (row + 1) % losses.length
      return losses[row]!
    })
    const started = retrainsIn(chart, drawn).length
    retrains += started
    if (started > 0) withRetrain++
  }
  return { withRetrain: withRetrain / years, retrains: retrains / years }
}

/** Sessions, by number, whose alarm starts a retrain. */
function retrainsIn(chart: DecayCalibration, losses: readonly number[]): number[] {
  const started: number[] = []
  let sum = 0
  losses.forEach((loss, session) => {
    const step = cusumStep(chart, sum, loss)
    ;({ sum } = step)
    const last = started.at(-1)
    if (step.fired && (last === undefined || session - last > cooldownSessions)) started.push(session)
  })
  return started
}

function tellHowFarItCarries(losses: readonly number[], chart: DecayCalibration, test: SessionErrors): void {
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const inBlocks = (parity: number) => losses.filter((_, at) => Math.floor(at / rule.blockSessions) % 2 === parity)
  const middle = losses.length >> 1
  const parts = [
    ['even blocks', inBlocks(0), 'odd blocks', inBlocks(1)],
    ['the first half', losses.slice(0, middle), 'the second half', losses.slice(middle)],
  ] as const
  say(
    `the threshold is ${chart.threshold.toFixed(2)}, from ${losses.length} sessions of mean ${chart.mean.toFixed(4)} and deviation ${chart.deviation.toFixed(4)}`,
  )
  say(`retrains a drawn year: ${drawnYears(chart, losses).retrains.toFixed(4)}`)
  for (const [one, own, other, others] of parts)
    for (const [from, by, on, years_] of [
      [one, own, other, others],
      [other, others, one, own],
    ] as const)
      say(
        `calibrated on ${from}, years drawn from ${on}: ${percent(drawnYears(calibrateDecay(by, rule), years_).withRetrain)} with a retrain`,
      )
  const real = test.sessions.flatMap((session, at) => (session.startsWith('2007') ? [{ session, loss: test.candidate[at]! }] : []))
  const started = retrainsIn(
    chart,
    real.map(({ loss }) => loss),
  )
  const mean = real.reduce((sum, { loss }) => sum + loss, 0) / real.length
  const when = started.map((at) => real[at]!.session).join(', ')
  say(
    `the real 2007, ${real.length} sessions of mean ${mean.toFixed(4)}: ${started.length} retrain${started.length === 1 ? '' : 's'}${when === '' ? '' : `, by the losses of ${when}`}`,
  )
}

/** The stack trains the demo's recipe, and supervises it: the walk-forward is what that calibrates its monitors by. */
async function realLosses(): Promise<{ walkForward: WalkForward; test: SessionErrors }> {
  const system = await System.create(python)
  try {
    await system.must('up', '--detach')
    const connector = { kind: 'sample', symbols: scenario.symbols, through: scenario.lastSession }
    const sync = await system.api<Sync>('POST', `/datasets/${dataset}/sync`, { connector })
    await eventually(
      () => system.api<Sync>('GET', `/datasets/${dataset}/syncs/${sync.id}`),
      ({ state }) => state === 'landed',
    )
    const started = await system.train('range', scenario.largeSteps(dataset))
    const run = await eventually(
      () => system.findRun(started.id),
      ({ state, endedAt }) => state === 'awaiting_approval' || endedAt !== null,
    )
    await system.api('POST', `/training-runs/${run.id}/approve`)
    await settledOf<TrainingRun>(system, `/training-runs/${run.id}`, 'approved')
    const deployment = await system.api<Deployment>('POST', '/deployments', { endpoint, model: { name: 'range', version: 1 } })
    await settledOf<Deployment>(system, `/deployments/${deployment.id}`, 'active')
    await system.api('PUT', `/endpoints/${endpoint}/supervision`, {})
    return await readLosses(system, run)
  } finally {
    await system.remove()
  }
}

async function settledOf<T extends { state: string; endedAt: string | null; failure: string | null }>(
  system: System,
  path: string,
  state: string,
): Promise<void> {
  const now = await eventually(
    () => system.api<T>('GET', path),
    (seen) => seen.state === state || seen.endedAt !== null,
  )
  if (now.state !== state) throw new Error(`${path} ended as ${now.state}: ${now.failure}`)
}

async function readLosses({ config }: System, { evaluation }: TrainingRun): Promise<{ walkForward: WalkForward; test: SessionErrors }> {
  const objects = createObjectStore(config.objectStore, { cacheDir: `${config.stateDir}/cache` })
  const database = connectDatabase(config.database.url, { max: 1 })
  const read = async (ref: ObjectRef) => JSON.parse(new TextDecoder().decode(await objects.get(ref))) as unknown
  try {
    const [row] = await eventually(
      () => database.db.select().from(calibration).where(eq(calibration.modelName, 'range')),
      ([seen]) => seen !== undefined && seen.endedAt !== null,
    )
    if (row?.walkForward == null || evaluation === null) throw new Error(`the calibration ended as ${row?.state}: ${row?.failure}`)
    return { walkForward: WalkForward.parse(await read(row.walkForward)), test: SessionErrors.parse(await read(evaluation.sessionErrors)) }
  } finally {
    await database.close()
  }
}
