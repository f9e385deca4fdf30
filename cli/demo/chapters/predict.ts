import { type Chapter, told } from '../chapter.ts'
import * as scenario from '../scenario.ts'

export const predict: Chapter = {
  name: 'predict',
  title: 'Predict the next session’s range',
  async tell({ client, draft }) {
    const answer = await client.predict(told(draft.place).endpoint, scenario.symbols)
    draft.predictions = answer.predictions.map((p) => ({
      predictionId: p.predictionId,
      symbol: p.symbol,
      session: p.session,
      value: p.value,
      modelVersion: answer.model.version,
    }))
    return answer.predictions.map((p) => `${p.symbol} ${((Math.exp(p.value) - 0.001) * 100).toFixed(2)} %`).join(', ')
  },
}
