import { type Chapter, told } from '../chapter.ts'
import * as scenario from '../scenario.ts'
import { startTraining } from '../start-training.ts'
import { judged } from '../waiting.ts'

export const refuse: Chapter = {
  name: 'refuse',
  title: 'Train on tomorrow’s return, which nobody can predict: the gate refuses',
  async tell({ client, draft, progress }) {
    const started = await startTraining(client, 'return-large-steps', scenario.returnRecipe(told(draft.place).dataset))
    const run = await judged(client, started.id, (r) => progress(r.step))
    const reason = run.evaluation?.gate.reason ?? ''
    // whatever the data says: a model that passed here would be told as one
    if (run.state !== 'refused') throw new Error(`the gate let a model of the next-day return pass (${run.state}): ${reason}`)
    draft.refused = { runId: run.id, reason }
    return reason
  },
}
