/** Rollouts before two serving processes, which clients of a third ask without a pause. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listLiveLeases } from '#db/queries/serving-leases.ts'
import { issueKey } from '#tests/serving/serving-app.ts'
import type { LoadAnswer } from '#tests/serving/load.ts'
import { startLoad } from '#tests/serving/outside-load.ts'
import { type ServingProcess, servingConfig, startServing } from '#tests/serving/serving-process.ts'
import { rolloutPlan } from '#tests/support/rollout-plan.ts'
import { command } from '#tests/workflows/durable/world.ts'
import { rollback } from '#workflows/messages/deployments.ts'
import { deployWorld } from './world.ts'

const world = deployWorld()
const { inputFor, register, deploying, deployment, eventually, atStep } = world

const clients = 2
const folders: string[] = []
const running: ServingProcess[] = []
let replicas: [ServingProcess, ServingProcess]

async function start(): Promise<ServingProcess> {
  const stateDir = await mkdtemp(join(tmpdir(), 'quantloop-serving-'))
  folders.push(stateDir)
  const replica = await startServing(servingConfig({ databaseUrl: world.databaseUrl, objectStore: world.objectStore, stateDir }))
  running.push(replica)
  return replica
}

beforeEach(async () => {
  replicas = await Promise.all([start(), start()])
})
afterEach(async () => {
  for (const replica of running.splice(0)) await replica.kill().catch(() => {})
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** From when every replica answers by this share until the last moment at which the table still asked for it. */
async function whileShared(share: number): Promise<{ from: number; to: number }> {
  await eventually(async () => expect((await listLiveLeases(world.db)).map((lease) => lease.share[world.name])).toEqual([share, share]))
  const from = Date.now()
  for (let to = from; ;) {
    const asked = Date.now()
    if ((await world.endpoint())?.share !== share) return { from, to }
    to = asked
  }
}

const within = (answers: LoadAnswer[], { from, to }: { from: number; to: number }, url: string) =>
  answers.filter((answer) => answer.url === url && answer.from >= from && answer.to <= to)

test('canary, rollback and blue-green: no request fails, none is mixed, and versions answer by their shares', async () => {
  // the same content under two versions: what differs is who answers
  await Promise.all([register(), register({ version: 2 })])
  await deploying(inputFor(1), async (handle) => expect(await handle.result()).toMatchObject({ state: 'active' }))
  const key = await issueKey(world.db)
  const load = await startLoad({ urls: replicas.map(({ url }) => url), key, endpoint: world.name, clients, pauseMs: 2 })

  const gates = { minAnswers: 100, maxLatencyRatio: 100, latencyFloorMs: 60_000 }
  const steps = [
    { share: 0.1, seconds: 2 },
    { share: 0.5, seconds: 2 },
  ]
  const canary = inputFor(2, rolloutPlan({ strategy: 'canary', steps, gates, bakeSeconds: 0 }))
  const spells: { share: number; spell: { from: number; to: number } }[] = []
  await deploying(canary, async (handle) => {
    for (const { share } of steps) spells.push({ share, spell: await whileShared(share) })
    expect(await handle.result()).toMatchObject({ state: 'active', revision: 2, reason: null })
  })
  await world.client.workflow.execute('rollBack', {
    workflowId: `rollback/${world.name}/${randomUUID()}`,
    taskQueue: 'orchestration',
    args: [{ deploymentId: canary.deploymentId, endpoint: world.name, command: command() }],
  })
  const blueGreen = inputFor(2, rolloutPlan({ strategy: 'blue-green', gates, bakeSeconds: 600 }))
  await deploying(blueGreen, async (handle) => {
    await atStep(handle, 'bake', 'running')
    await handle.executeUpdate(rollback, { args: [command()] })
    expect(await handle.result()).toMatchObject({ state: 'rolled_back' })
  })
  await eventually(async () => expect((await listLiveLeases(world.db)).map(({ active }) => active[world.name])).toEqual([5, 5]))
  const answers = await load.stop()

  expect(answers.length).toBeGreaterThan(500)
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
  // a revision is one version's, on either replica: 1, its canary 2, back by 3, on by 4, back by 5
  expect(new Set(answers.map(({ revision, version }) => `${revision}: ${version}`))).toEqual(
    new Set(['1: 1', '2: 2', '3: 1', '4: 2', '5: 1']),
  )
  for (const { share, spell } of spells)
    for (const { url } of replicas) {
      const seen = within(answers, spell, url)
      const canaries = seen.filter(({ version }) => version === 2).length
      // turns are even; who was being answered at either end of the spell is not counted
      expect(Math.abs(canaries - share * seen.length)).toBeLessThanOrEqual(1 + 2 * clients)
      expect(seen.length).toBeGreaterThan(50)
    }
  expect((await deployment(canary))?.gates.map(({ verdict }) => verdict)).toEqual(['passed', 'passed', 'passed'])
})

test('a replica that dies while a deployment waits for it drops out when its lease ends', async () => {
  await register()
  const [living, dying] = replicas
  dying.freeze()
  const input = inputFor(1)
  await deploying(input, async (handle) => {
    await eventually(async () => {
      const leases = await listLiveLeases(world.db)
      expect(leases.find(({ replicaId }) => replicaId === living.replicaId)?.ready[world.name]).toBe(1)
      expect(leases.find(({ replicaId }) => replicaId === dying.replicaId)?.ready[world.name]).toBeUndefined()
      // the step comes onto the row a moment after the route that the living one has heard of
      expect(await deployment(input)).toMatchObject({ state: 'running', step: 'warm' })
    })
    await dying.kill()
    expect(await handle.result()).toMatchObject({ state: 'active', revision: 1, reason: null })
  })
  expect((await listLiveLeases(world.db)).map(({ replicaId }) => replicaId)).toEqual([living.replicaId])
})
