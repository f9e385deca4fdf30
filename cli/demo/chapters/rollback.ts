import { askedEverybody } from '../asked.ts'
import { type Chapter, told } from '../chapter.ts'
import { deployed } from '../deployed.ts'
import { OutsideLoad } from '../outside-load.ts'

/** A person's part again: undo by one command while clients ask, then deploy the same version anew. */
export const rollback: Chapter = {
  name: 'rollback',
  title: 'Roll back by command while clients ask both replicas, then deploy the same version again',
  async tell({ client, replicas, draft, progress }) {
    const { endpoint } = told(draft.place)
    const { deploymentId, model } = told(draft.current)
    const load = new OutsideLoad(replicas, endpoint, 0)
    try {
      // every client has its answer from the version that will go
      await askedEverybody(replicas, endpoint, model)
      const sent = performance.now()
      const { answers } = await client.deployments.rollback(deploymentId, 'the demo rolls back')
      if (answers === null) throw new Error(`the rollback of ${deploymentId} found nothing to go back to`)
      await askedEverybody(replicas, endpoint, answers.model)
      const seen = await load.stop()
      const version = `${model.name}@${model.version}`
      const lastOld = Math.max(...load.answers.filter((answer) => answer.version === version).map(({ at }) => at))
      const milliseconds = Math.round((lastOld - sent) * 10) / 10
      progress(`the last old answer came ${milliseconds} ms after the command`)
      const again = await deployed(client, endpoint, model, progress)
      await askedEverybody(replicas, endpoint, model)
      draft.rollback = {
        deploymentId,
        from: model,
        to: answers.model,
        revision: answers.revision,
        milliseconds,
        load: seen,
        redeployment: { deploymentId: again.id, revision: again.revision },
      }
      return `the last answer of ${version} came ${milliseconds} ms after the command, ${seen.failed} of ${seen.requests} requests failed; revision ${again.revision} answers by it again`
    } finally {
      await load.stop()
    }
  },
}
