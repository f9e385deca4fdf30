import { type Chapter, told } from '../chapter.ts'
import * as scenario from '../scenario.ts'
import { traced } from '../traced.ts'

export const tracePrediction: Chapter = {
  name: 'trace',
  title: 'Trace a prediction of the version that answers now back to its bars',
  async tell({ client, draft, progress }) {
    const { endpoint } = told(draft.place)
    const { predictions, model } = await client.predict(endpoint, scenario.symbols)
    const trace = await traced(client, told(predictions[0]).predictionId, progress)
    draft.trace = trace
    const { links, bars, symbol, session } = trace
    return `${model.name}@${model.version} on ${symbol} at ${session}: ${links.length} hashes hold; ${bars?.rows} bars from ${bars?.firstSession} to ${bars?.lastSession} give ${trace.recomputedValue} again`
  },
}
