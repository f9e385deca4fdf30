import type { Trace } from '#contracts/predictions.ts'
import type { ApiClient } from '../client.ts'
import type { Progress } from './chapter.ts'
import { shipped } from './waiting.ts'

/** Traces a prediction as soon as it has arrived. @throws Error when a link of the trace does not hold */
export async function traced(client: ApiClient, predictionId: string, progress: Progress): Promise<Trace> {
  progress('waiting for the prediction to arrive from the log of the replica that answered')
  await shipped(client, predictionId)
  progress('re-reading and re-hashing every object, computing features and prediction again')
  const trace = await client.predictions.trace(predictionId)
  if (!trace.verified) throw new Error(`the trace does not hold: ${JSON.stringify(trace.links.filter((link) => !link.matches))}`)
  return trace
}
