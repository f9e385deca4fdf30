import { type Chapter, told } from '../chapter.ts'
import { deployed } from '../deployed.ts'

export const deploy: Chapter = {
  name: 'deploy',
  title: 'Deploy the one in large steps onto an endpoint that two replicas serve',
  async tell({ client, draft, progress }) {
    const deployment = await deployed(client, told(draft.place).endpoint, told(draft.versions).champion, progress)
    draft.deployment = { id: deployment.id, strategy: deployment.strategy, revision: deployment.revision }
    return `revision ${deployment.revision} answers`
  },
}
