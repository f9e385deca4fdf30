/**
 * Reading one symbol's row of 158 features from a serving process: over HTTP, one request after another on one
 * connection, with the key checked and the answer parsed by the client; and the look-up itself, from the same rows held in
 * memory. The limit is 1 ms. What is compared is every value of every symbol's answer with what was stored.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FeatureRow } from '#contracts/features.ts'
import { FeatureRows } from '#serving/feature-rows.ts'
import { startServices } from '#stack/start-services.ts'
import { eventually } from '#tests/e2e/system.ts'
import { servingConfig, startServing } from '#tests/serving/serving-process.ts'
import { deployVersion, issueKey } from '#tests/serving/serving-app.ts'
import { featureHash, publishFeatureRows, registerVersion } from '#tests/support/model-version.ts'
import { randomNumbers } from '#tests/support/bars.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { type Measurement, measurement, median } from './measurement.ts'

const limitMs = 1
const features = 158
const symbols = Array.from({ length: 300 }, (_, at) => `S${String(at).padStart(3, '0')}`)
const warmUp = 2_000
const requests = 10_000
const lookUps = 1_000_000
const endpoint = 'online-read'
const python = fileURLToPath(new URL('../.quantloop/python/bin/python', import.meta.url))

export async function benchmark(): Promise<Measurement[]> {
  const stateDir = await mkdtemp(join(tmpdir(), 'quantloop-online-read-'))
  const services = await startServices({ stateDir, python })
  process.env.QUANTLOOP_TEST_SERVICES = JSON.stringify(services.addresses)
  const [database, store] = await Promise.all([testDatabase(), testObjectStore()])
  try {
    const { db } = database
    const random = randomNumbers(158)
    const stored = Object.fromEntries(
      symbols.map((symbol) => [symbol, Array.from({ length: features }, () => Math.fround(random() - 0.5))]),
    )
    // as wide as the model that is at hand; reading does not ask it
    await publishFeatureRows(db, Object.fromEntries(symbols.map((symbol) => [symbol, [1, 1, 1, 1]])))
    await registerVersion(db, store.objects, endpoint, {})
    const deployment = await deployVersion(db, store.objects, endpoint, { name: endpoint, version: 1 })
    await deployment.activate()
    const key = await issueKey(db)
    const serving = await startServing(servingConfig({ databaseUrl: database.url, objectStore: store.config, stateDir }))
    try {
      const ask: Ask = (symbol) =>
        fetch(`${serving.url}/v1/endpoints/${endpoint}/features/${symbol}`, { headers: { authorization: `Bearer ${key}` } })
      const width = async () => FeatureRow.parse(await (await ask(symbols.at(-1)!)).json()).values.length
      await eventually(width, (values) => values === 4)
      await publishFeatureRows(db, stored)
      await eventually(width, (values) => values === features)
      const overHttp = await readOverHttp(ask, stored)
      process.stderr.write(`99 of 100 requests took at most ${overHttp.slow.toFixed(2)} ms\n`)
      const inside = await readInside(db, stored)
      const shared = { unit: 'ms', peer: limitMs, goal: 1 }
      return [
        measurement({ name: 'one symbol’s row over HTTP, median', ours: overHttp.median, answersEqual: overHttp.equal, ...shared }),
        measurement({ name: 'the look-up within the process, mean', ours: inside.mean, answersEqual: inside.equal, ...shared }),
      ]
    } finally {
      await serving.stop()
    }
  } finally {
    await database.drop()
    await store.drop()
    await services.stop()
    await rm(stateDir, { recursive: true, force: true })
  }
}

type Stored = Record<string, number[]>
type Ask = (symbol: string) => Promise<Response>

async function readOverHttp(ask: Ask, stored: Stored): Promise<{ median: number; slow: number; equal: boolean }> {
  const figures: number[] = []
  let equal = true
  for (let at = -warmUp; at < requests; at++) {
    const symbol = symbols[(at + warmUp) % symbols.length]!
    const before = performance.now()
    const answer = await ask(symbol)
    const body: unknown = await answer.json()
    if (at >= 0) figures.push(performance.now() - before)
    if (at < symbols.length) {
      const { values, symbol: answered } = FeatureRow.parse(body)
      equal &&= answered === symbol && stored[symbol]!.every((value, feature) => Object.is(value, values[feature]))
    }
  }
  figures.sort((a, b) => a - b)
  return { median: median(figures), slow: figures[Math.floor(0.99 * figures.length)]!, equal }
}

async function readInside(db: Parameters<FeatureRows['refresh']>[0], stored: Stored): Promise<{ mean: number; equal: boolean }> {
  const rows = new FeatureRows()
  const set = { dataset: 'us-daily', featureHash }
  await rows.refresh(db, [set])
  const equal = symbols.every((symbol) => {
    const found = rows.find(set, symbol)
    return found !== undefined && stored[symbol]!.every((value, feature) => Object.is(value, found.values[feature]))
  })
  let read = 0
  const before = performance.now()
  for (let at = 0; at < lookUps; at++) read += rows.find(set, symbols[at % symbols.length]!)!.values.length
  const mean = (performance.now() - before) / lookUps
  return { mean, equal: equal && read === lookUps * features }
}
