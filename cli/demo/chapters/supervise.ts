import { type Chapter, told } from '../chapter.ts'
import * as scenario from '../scenario.ts'
import { settled } from '../waiting.ts'

/** The standing loop begins: its monitors are calibrated on the champion's own purged walk-forward errors. */
export const supervise: Chapter = {
  name: 'supervise',
  title: 'Have the endpoint supervised: calibrate its monitors on purged walk-forward errors of 2005 and 2006',
  async tell({ client, draft, progress }) {
    const { endpoint } = told(draft.place)
    await client.endpoints.supervise(endpoint, scenario.policy)
    const monitors = await settled(
      async () => ({ found: (await client.monitors.list({ endpoint })).items, supervision: await client.endpoints.supervision(endpoint) }),
      ({ found, supervision }) => found.some(({ kind }) => kind === 'decay') || supervision.endedAt !== null,
      ({ supervision }) => progress(supervision.step),
    )
    const decay = monitors.found.find(({ kind }) => kind === 'decay')
    if (decay === undefined)
      throw new Error(`the supervision ended as ${monitors.supervision.state}: ${monitors.supervision.failure ?? ''}`)
    const { falseAlarmsAYear } = monitors.supervision.policy.decay
    return `the CUSUM of its losses alarms at ${decay.threshold.toFixed(2)}, which at most ${falseAlarmsAYear * 100} % of quiet years reach`
  },
}
