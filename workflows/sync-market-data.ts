import { ActivityFailure, ApplicationFailure, proxyActivities, upsertSearchAttributes } from '@temporalio/workflow'
import type { DatasetActivities } from '#activities/datasets.ts'
import type { ConnectorConfig, SyncInput, SyncResult } from '#contracts/datasets.ts'
import type { ErrorCode } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { DurableRun } from './durable.ts'
import { onTheSpot } from './on-the-spot.ts'
import { interruptible } from './proxies.ts'

const rows = onTheSpot<DatasetActivities>()
const bars = proxyActivities<DatasetActivities>({ ...interruptible, taskQueue: taskQueues.orchestration })

type OpenedSync = Awaited<ReturnType<DatasetActivities['openSync']>>
type ReplayConfig = Extract<ConnectorConfig, { kind: 'replay' }>
type ImportConfig = Exclude<ConnectorConfig, ReplayConfig>

/** What would land: `held` moves in it wait for a person, whose approval becomes part of it. */
type Candidate = { held: number; compose: (approved: boolean) => Promise<ObjectRef> }

/**
 * Brings a dataset to what its source delivers: import, check, a person's approval of moves that nothing explains, a new
 * snapshot if the content changed, and a nudge for those who follow it. Content that is collected before it lands is stored
 * anew, under the approval that was given. Whatever fails or is refused, the head stays as it was.
 */
export async function syncMarketData(input: SyncInput): Promise<SyncResult> {
  const { syncId, dataset, connector, origin } = input
  const run = new DurableRun('sync', syncId)
  run.listen()
  upsertSearchAttributes([
    { key: searchAttributeKey('Dataset'), value: dataset },
    { key: searchAttributeKey('TriggeredBy'), value: origin.by },
  ])
  let opened: OpenedSync

  return await run.live({
    open: async () => (opened = await rows.openSync(input)),
    story: async () => {
      let approved = false
      for (let round = 1; ; round++) {
        const { held, compose } = await (connector.kind === 'replay'
          ? released(run, input, connector, opened)
          : fetched(run, input, connector, opened))
        if (held > 0 && !approved) {
          const { verdict, command } = await run.approval('approval')
          if (verdict === 'reject')
            return await run.conclude('reject', () => rows.endSync({ syncId, state: 'rejected', failure: rejection(command) }))
          approved = true
        }
        const manifest = await compose(held > 0)
        try {
          const result = await run.conclude('land', () => rows.landSnapshot({ syncId, manifest, parentId: opened.head?.id ?? null }))
          if (result.state === 'landed') await rows.nudgeFollowers({ dataset })
          return result
        } catch (error) {
          if (!wasCollected(error) || round === mostRounds) throw error
          run.reopen()
        }
      }
    },
    stopped: (by) => rows.endSync({ syncId, state: 'stopped', failure: `stopped by ${by}` }),
    failed: (reason) => rows.endSync({ syncId, state: 'failed', failure: reason }),
  })
}

/** How often content is stored that a collection takes before it lands. */
const mostRounds = 5

/** A local activity's failure comes without the envelope of an activity's. */
function wasCollected(error: unknown): boolean {
  const failure = error instanceof ActivityFailure ? error.cause : error
  return failure instanceof ApplicationFailure && failure.type === ('content_collected' satisfies ErrorCode)
}

/** Fetches the whole of the source. */
async function fetched(
  run: DurableRun,
  { syncId }: SyncInput,
  connector: ImportConfig,
  { head, startedAt }: OpenedSync,
): Promise<Candidate> {
  const parent = head?.manifest ?? null
  const { staged } = await run.pausable('import', () => bars.importBars({ syncId, connector, asOf: startedAt, parent }))
  const { examination, held } = await run.pausable('check', () => bars.examineBars({ syncId, staged, parent }))
  return { held, compose: (approved) => run.pausable('compose', () => bars.composeSnapshot({ staged, examination, approved })) }
}

/** Bars that a release reads in some hundredths of a second: such a one is over before a pause could interrupt it. */
const fewRows = 100_000

/** Goes on from the head by one session. */
async function released(
  run: DurableRun,
  { syncId, dataset }: SyncInput,
  config: ReplayConfig,
  { head, startedAt }: OpenedSync,
): Promise<Candidate> {
  const release = (approved: boolean) => ({ syncId, dataset, config, head: head?.manifest ?? null, asOf: startedAt, approved })
  const next = (step: string, approved: boolean) =>
    (head?.rows ?? 0) <= fewRows
      ? run.step(step, () => rows.releaseSession(release(approved)))
      : run.pausable(step, () => bars.releaseSession(release(approved)))
  const { manifest, held } = await next('release', false)
  return { held, compose: async (approved) => (approved ? (await next('compose', true)).manifest : manifest) }
}

const rejection = ({ by, reason }: { by: string; reason?: string | undefined }) =>
  `rejected by ${by}${reason === undefined ? '' : `: ${reason}`}`
