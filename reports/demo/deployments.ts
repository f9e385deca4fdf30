/** What answered when: deployments with their gates, the clients of the canary, and the rollback. */
import type { GateReading } from '#contracts/deployments.ts'
import { decimals, figure, moment } from '../figures.ts'
import { html } from '../html.ts'
import { factList, type Section } from '../page.ts'
import { table } from '../table.ts'
import { type DemoStory, type LoadCount, versionName } from './story.ts'

export function drivenSections(story: DemoStory): Section[] {
  const { deployments, history, promotion, rollback } = story
  const readings = deployments.flatMap(({ gates, model }) => gates.map((reading) => ({ ...reading, model })))
  return [
    {
      title: 'What answered, and when',
      body: [
        table('Every deployment', deployments, [
          { title: 'version', value: ({ model }) => versionName(model) },
          { title: 'strategy', value: ({ strategy }) => strategy },
          { title: 'by', value: ({ requestedBy }) => requestedBy },
          { title: 'revision', value: ({ revision }) => revision, right: true },
          { title: 'state', value: ({ state }) => state.replaceAll('_', ' ') },
          { title: 'started', value: ({ startedAt }) => moment(startedAt) },
          { title: 'failure', value: ({ failure }) => failure },
        ]),
        table('Which version answered', history, [
          { title: 'version', value: ({ model }) => versionName(model) },
          { title: 'revision', value: ({ revision }) => revision, right: true },
          { title: 'began as', value: ({ began }) => began },
          { title: 'by', value: ({ by }) => by },
          { title: 'from', value: ({ from }) => moment(from) },
          { title: 'to', value: ({ to }) => moment(to) ?? 'now' },
        ]),
        readings.length === 0 ? null : gates(readings),
        promotion.load === null ? null : clients('Clients during the canary', promotion.load),
      ],
    },
    {
      title: 'Undone by one command',
      body: [
        factList({
          'rolled back': html`${versionName(rollback.from)}, deployment <code>${rollback.deploymentId}</code>`,
          'answers then': versionName(rollback.to),
          'from the command to the last old answer': `${rollback.milliseconds} ms`,
        }),
        clients('Clients during the rollback', rollback.load),
      ],
    },
  ]
}

const gates = (readings: readonly (GateReading & { model: { name: string; version: number } })[]) =>
  table('What the gates of the rollouts read', readings, [
    { title: 'version', value: ({ model }) => versionName(model) },
    { title: 'step', value: ({ step }) => step },
    { title: 'answers, new and old', value: ({ newAnswers, oldAnswers }) => `${newAnswers} and ${oldAnswers}`, right: true },
    { title: 'errors', value: ({ newErrorRate, oldErrorRate }) => `${figure(newErrorRate)} and ${figure(oldErrorRate)}`, right: true },
    {
      title: 'p99 in ms',
      value: ({ newLatencyP99Ms, oldLatencyP99Ms }) => `${figure(newLatencyP99Ms) ?? '–'} and ${figure(oldLatencyP99Ms) ?? '–'}`,
      right: true,
    },
    { title: 'shift', value: ({ predictionShift }) => decimals(predictionShift, 2), right: true },
    { title: 'verdict', value: ({ verdict, reason }) => `${verdict}: ${reason}` },
  ])

const clients = (title: string, { seconds, replicas, requests, failed, versions }: LoadCount) =>
  table(`${title}: ${requests} requests to ${replicas} replicas in ${seconds.toFixed(1)} s, ${failed} failed`, Object.entries(versions), [
    { title: 'version', value: ([version]) => version },
    { title: 'answers', value: ([, count]) => count, right: true },
  ])
