import type { ProgressPoint } from '#contracts/training.ts'
import type { ApiClient } from './client.ts'

const pageSize = 200

/** Answers the newest progress point of a run each time it is called, reading only what was added since. */
export function progressReader(client: ApiClient, runId: string): () => Promise<ProgressPoint | undefined> {
  let newest: ProgressPoint | undefined
  return async () => {
    for (;;) {
      const after = newest === undefined ? undefined : String(newest.step)
      const { items } = await client.trainingRuns.progress(runId, { limit: pageSize, after })
      newest = items.at(-1) ?? newest
      if (items.length < pageSize) return newest
    }
  }
}
