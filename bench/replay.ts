/**
 * The demo's replay: each figure is the time from asking for a real session until a replica has predicted with its
 * features, while the supervisor scores, watches, and trains challengers beside it. The limit is half a second. Answers
 * are equal when every session that the demo tells of was released and predicted on.
 */
import { fileURLToPath } from 'node:url'
import { createClient } from '#cli/client.ts'
import { type Chapter, type Draft, type Scene, told } from '#cli/demo/chapter.ts'
import { computeFeatures } from '#cli/demo/chapters/compute-features.ts'
import { deploy } from '#cli/demo/chapters/deploy.ts'
import { importBars } from '#cli/demo/chapters/import-bars.ts'
import { replay } from '#cli/demo/chapters/replay.ts'
import { supervise } from '#cli/demo/chapters/supervise.ts'
import * as scenario from '#cli/demo/scenario.ts'
import { startTraining } from '#cli/demo/start-training.ts'
import { judged, settled } from '#cli/demo/waiting.ts'
import { servingReplicas } from '#config/serving-replicas.ts'
import { System } from '#tests/e2e/system.ts'
import { type Measurement, measurement } from './measurement.ts'

const limitSeconds = 0.5
const python = fileURLToPath(new URL('../.quantloop/python/bin/python', import.meta.url))

export async function benchmark(): Promise<Measurement[]> {
  const system = await System.create(python)
  try {
    await system.must('up', '--detach')
    const { api, serving, apiKey } = system.config
    const replicas = servingReplicas({ serving }).map(({ url }) => createClient({ apiUrl: api.url, servingUrl: url, apiKey }))
    const draft: Draft = {}
    const say = (line: string) => void process.stderr.write(`${line}\n`)
    const scene: Scene = { client: told(replicas[0]), replicas, draft, progress: () => {}, say }
    for (const { tell } of [importBars, computeFeatures, train, deploy, supervise, replay]) say(await tell(scene))
    const { sessions, meanSeconds, medianSeconds, slowestSeconds } = told(draft.replay)
    const shared = { unit: 's', peer: limitSeconds, goal: 1, answersEqual: sessions === scenario.replay.sessions }
    return [
      measurement({ name: `a replayed session, mean of ${sessions}`, ours: meanSeconds, ...shared }),
      measurement({ name: 'a replayed session, median', ours: medianSeconds, ...shared }),
      measurement({ name: 'a replayed session, slowest', ours: slowestSeconds, ...shared }),
    ]
  } finally {
    await system.remove()
  }
}

/** The demo's champion, without the run that is paused for it and the version that stands by. */
const train: Chapter = {
  name: 'train',
  title: 'Train and approve the version that answers',
  async tell({ client, draft }) {
    const run = await startTraining(client, 'range-large-steps', scenario.largeSteps(told(draft.place).dataset))
    await judged(client, run.id, () => {})
    await client.trainingRuns.tell(run.id, 'approve')
    const { state, modelName, modelVersion } = await settled(
      () => client.trainingRuns.find(run.id),
      ({ endedAt }) => endedAt !== null,
    )
    if (modelVersion === null) throw new Error(`the run ended as ${state}`)
    const champion = { name: modelName, version: modelVersion }
    draft.versions = { champion, standIn: champion }
    return `${champion.name}@${champion.version}`
  },
}
