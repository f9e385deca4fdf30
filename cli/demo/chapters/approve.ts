import type { TrainingRun } from '#contracts/training.ts'
import type { ApiClient } from '../../client.ts'
import { type Chapter, told, type Version } from '../chapter.ts'
import { settled } from '../waiting.ts'

/** A person's part, played by the demo. */
export const approve: Chapter = {
  name: 'approve',
  title: 'Approve both: the one in large steps will answer, the other stands by',
  async tell({ client, draft }) {
    const { champion, standIn } = told(draft.trained)
    const versions = { champion: await approved(client, champion), standIn: await approved(client, standIn) }
    draft.versions = versions
    return `${versions.champion.name}@${versions.champion.version} and ${versions.standIn.name}@${versions.standIn.version} are in staging`
  },
}

async function approved(client: ApiClient, { id }: TrainingRun): Promise<Version> {
  await client.trainingRuns.tell(id, 'approve')
  const run = await settled(
    () => client.trainingRuns.find(id),
    (r) => r.endedAt !== null,
  )
  if (run.state !== 'approved' || run.modelVersion === null) throw new Error(`the run ended as ${run.state}`)
  return { name: run.modelName, version: run.modelVersion }
}
