import { type Chapter, told } from '../chapter.ts'
import { deployed } from '../deployed.ts'
import { askedEverybody } from '../asked.ts'

/** What the verdicts came to: the policy's promotion, or, where the data refused every challenger, a deployment by hand. */
export const promotion: Chapter = {
  name: 'promotion',
  title: 'See what was promoted; without a promotion, deploy the version that stands by',
  async tell({ client, replicas, draft, progress }) {
    const { endpoint } = told(draft.place)
    const { retrains } = told(draft.watching)
    const promoted = retrains.findLast(({ state }) => state === 'promoted')
    if (promoted?.deploymentId && promoted.challenger !== null) {
      const { id, revision, gates } = await client.deployments.find(promoted.deploymentId)
      const load = told(draft.canaryLoads).get(promoted.id) ?? null
      draft.promotion = { deploymentId: id, revision, model: promoted.challenger, reason: promoted.reason, gates, load }
      draft.current = { deploymentId: id, model: promoted.challenger }
      const answers = Object.entries(load?.versions ?? {}).map(([version, count]) => `${version} ${count}`)
      return `${promoted.challenger.name}@${promoted.challenger.version} is promoted by the policy; of the clients' requests ${answers.join(', ')} were answered, ${load?.failed ?? 0} failed`
    }
    const reason =
      retrains.length === 0
        ? 'no alarm started a retrain'
        : retrains.map(({ session, reason: why, state }) => `the challenger of ${session}: ${why ?? state}`).join('; ')
    draft.promotion = { deploymentId: null, revision: null, model: null, reason, gates: [], load: null }
    const model = told(draft.versions).standIn
    const { id } = await deployed(client, endpoint, model, progress)
    await askedEverybody(replicas, endpoint, model)
    draft.current = { deploymentId: id, model }
    return `no promotion: ${reason}; ${model.name}@${model.version} is deployed by hand`
  },
}
