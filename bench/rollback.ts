/**
 * Rollback by command with two serving replicas under load. Each figure is the time from the sending of the API call
 * until the last answer that the undone version gave anywhere; the limit is 1 s. What is compared is who answers: before
 * the command only the new version, after it only the old one, and no request fails.
 */
import { fileURLToPath } from 'node:url'
import type { Config } from '#config/config.ts'
import { servingReplicas } from '#config/serving-replicas.ts'
import type { Deployment, Rollback } from '#contracts/deployments.ts'
import { connectDatabase, type DatabaseConnection } from '#db/client.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { eventually, System } from '#tests/e2e/system.ts'
import type { LoadAnswer } from '#tests/serving/load.ts'
import { startLoad } from '#tests/serving/outside-load.ts'
import { publishFeatureRows, registerVersion } from '#tests/support/model-version.ts'
import { type Measurement, measurement, median } from './measurement.ts'

const limitMs = 1_000
const rollbacks = 7
const endpoint = 'rollback'
const python = fileURLToPath(new URL('../.quantloop/python/bin/python', import.meta.url))

export async function benchmark(): Promise<Measurement[]> {
  const system = await System.create(python)
  let database: DatabaseConnection | undefined
  try {
    await system.must('up', '--detach')
    const { config } = system
    database = connectDatabase(config.database.url, { max: 2 })
    await publishTwoVersions(config, database)
    await deployed(system, 1)
    const figures: number[] = []
    let answersEqual = true
    for (let round = 0; round < rollbacks; round++) {
      const { milliseconds, clean } = await rolledBack(system, (await deployed(system, 2)).id)
      process.stderr.write(
        `rollback ${round + 1}: last old answer after ${milliseconds.toFixed(0)} ms${clean ? '' : ', with wrong answers'}\n`,
      )
      figures.push(milliseconds)
      answersEqual &&= clean
    }
    const shared = { unit: 'ms', peer: limitMs, goal: 1, answersEqual }
    return [
      measurement({ name: 'rollback to the last old answer, median', ours: median(figures), ...shared }),
      measurement({ name: `rollback to the last old answer, worst of ${rollbacks}`, ours: Math.max(...figures), ...shared }),
    ]
  } finally {
    await database?.close()
    await system.remove()
  }
}

/** What training would leave: two versions of a model with their artifacts, and the newest features. */
async function publishTwoVersions(config: Config, { db }: DatabaseConnection): Promise<void> {
  const objects = createObjectStore(config.objectStore, { cacheDir: `${config.stateDir}/cache` })
  await publishFeatureRows(db, { AAPL: [1, 1, 1, 1], GOOG: [2, 0, 0, 4] })
  for (const version of [1, 2]) await registerVersion(db, objects, endpoint, { version })
}

async function deployed(system: System, version: number): Promise<Deployment> {
  const plan = { strategy: 'blue-green', bakeSeconds: 600 }
  const started = await system.api<Deployment>('POST', '/deployments', {
    endpoint,
    model: { name: endpoint, version },
    plan: version === 1 ? {} : plan,
  })
  const now = await eventually(
    () => system.api<Deployment>('GET', `/deployments/${started.id}`),
    ({ state, endedAt }) => state === 'active' || endedAt !== null,
  )
  if (now.state !== 'active') throw new Error(`the deployment ended as ${now.state}: ${now.failure}`)
  return now
}

/** `clean`: nothing failed, and each revision was answered by one version. */
async function rolledBack(system: System, deploymentId: string): Promise<{ milliseconds: number; clean: boolean }> {
  const { config } = system
  const urls = servingReplicas(config).map(({ url }) => url)
  await Promise.all(
    urls.map((url) =>
      eventually(
        () => versionAt(config, url),
        (version) => version === 2,
      ),
    ),
  )
  const load = await startLoad({ urls, key: config.apiKey!, endpoint, clients: 4, pauseMs: 2 })
  const sent = Date.now()
  const undone = await system.api<Rollback>('POST', `/deployments/${deploymentId}/rollback`, { reason: 'benchmark' })
  await Promise.all(
    urls.map((url) =>
      eventually(
        () => versionAt(config, url),
        (version) => version === 1,
      ),
    ),
  )
  const answers = await load.stop()
  return { milliseconds: lastOf(answers, 2) - sent, clean: undone.doneNow && isClean(answers, urls, sent) }
}

const lastOf = (answers: LoadAnswer[], version: number) =>
  answers.reduce((last, answer) => (answer.version === version ? Math.max(last, answer.to) : last), 0)

function isClean(answers: LoadAnswer[], urls: string[], sent: number): boolean {
  const versions = new Map<number, Set<number>>()
  for (const { revision, version } of answers)
    if (revision !== null && version !== null) versions.set(revision, (versions.get(revision) ?? new Set()).add(version))
  const both = (url: string) => [1, 2].every((version) => answers.some((answer) => answer.url === url && answer.version === version))
  return (
    answers.every(({ status }) => status === 200) &&
    [...versions.values()].every((seen) => seen.size === 1) &&
    answers.every(({ to, version }) => to > sent || version === 2) &&
    urls.every(both)
  )
}

async function versionAt({ apiKey }: Config, url: string): Promise<number> {
  const response = await fetch(`${url}/v2/models/${endpoint}`, { headers: { authorization: `Bearer ${apiKey}` } })
  const { versions } = (await response.json()) as { versions: string[] }
  return Number(versions[0]?.split('@')[1])
}
