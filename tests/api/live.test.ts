/** Live progress against the real server: a port of its own, real sockets, rows that appear while somebody follows. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { eq, sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createSocketServer } from '#api/live/socket-server.ts'
import { createClient } from '#cli/client.ts'
import type { EndpointEvent } from '#contracts/supervision.ts'
import { revokeApiKey } from '#db/commands/identity/revoke-api-key.ts'
import { createApiKey } from '#db/commands/identity/create-api-key.ts'
import { planBuildProgress, recordBuildProgress } from '#db/commands/record-build-progress.ts'
import { recordEndpointEvent } from '#db/commands/record-endpoint-event.ts'
import { positionOf } from '#db/queries/event-sequence.ts'
import { readTrainingEvents } from '#db/queries/training-events.ts'
import { endpoint, featureBuild, trainingProgress, trainingRun } from '#db/schema.ts'
import { apiWorld, type ApiWorld, trainBody } from './world.ts'

let world: ApiWorld
let url: string
const sockets = createSocketServer()
let endServer: () => Promise<unknown>
beforeAll(async () => {
  world = await apiWorld()
  const server = serve({ fetch: world.app.fetch, hostname: '127.0.0.1', port: 0, websocket: { server: sockets } })
  if (!server.listening) await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  endServer = () => new Promise((resolve) => server.close(resolve))
})
afterEach(() => {
  for (const socket of sockets.clients) socket.terminate()
})
afterAll(async () => {
  await endServer?.()
  await world?.close()
})

const client = (key = world.keys.viewer) => createClient({ apiUrl: url, servingUrl: url, apiKey: key, patienceMs: 10_000 })

async function supervised(): Promise<string> {
  const name = `e-${randomUUID().slice(0, 8)}`
  await world.db.insert(endpoint).values({ name })
  return name
}

const day = (n: number) => new Date(Date.UTC(2008, 5, 2 + n)).toISOString().slice(0, 10)
/** Sessions `from` to `to` of an endpoint, each in a transaction of its own. */
async function tell(name: string, from: number, to: number, detail: Record<string, unknown> = {}) {
  for (let n = from; n <= to; n++)
    await world.db.transaction((tx) =>
      recordEndpointEvent(tx, { endpoint: name, key: `session/${n}`, kind: 'session', session: day(n), detail: { n, ...detail } }),
    )
}

const writersThatWait = sql`
  select 1 from pg_locks join pg_database on pg_database.oid = pg_locks.database
  where datname = current_database() and locktype = 'advisory' and not granted`

async function take<T>(events: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const event of events) if (taken.push(event) === count) break
  return taken
}
const numbersOf = (events: EndpointEvent[]) => events.map(({ detail }) => detail.n)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** A socket as any client opens it; `refused` is the status that answered instead. */
async function open(path: string, key: string | undefined) {
  const socket = new WebSocket(url.replace('http', 'ws') + path, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } })
  const refused = new Promise<number>((resolve) => socket.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0)))
  const opened = once(socket, 'open').then(() => undefined)
  socket.on('error', () => {})
  return { socket, status: await Promise.race([refused, opened]) }
}

describe('a feature build that is followed', () => {
  test('tells its states, its shards as they come, and its end', async () => {
    const id = randomUUID().replaceAll('-', '').repeat(2)
    await world.db.insert(featureBuild).values({
      id,
      definitionHash: id,
      snapshotId: id,
      dataset: 'us-daily',
      featureSet: { name: 'mine', version: 1, description: '', features: [{ name: 'a', expression: '$close' }] },
      label: { expression: 'Ref($close,-1)/$close-1', kind: 'cross-sectional' },
      state: 'running',
      step: 'compute',
      requestedBy: 'tests',
      bodySha256: id,
    })
    const seen: unknown[] = []
    const sequences: number[] = []
    let count = 0
    for await (const { sequence, ...event } of client().featureBuilds.events(id)) {
      seen.push(event.kind === 'progress' ? event.shards : event.state)
      sequences.push(sequence)
      count++
      if (count === 1) {
        await planBuildProgress(world.db, id, [2, 3])
        await recordBuildProgress(world.db, { buildId: id, batch: 1, shards: 3, done: 1 })
      } else if (count === 2) {
        await recordBuildProgress(world.db, { buildId: id, batch: 0, shards: 2, done: 2 })
        // what a batch told before does not count twice, nor go back
        await recordBuildProgress(world.db, { buildId: id, batch: 1, shards: 3, done: 0 })
      } else if (count === 3) {
        await recordBuildProgress(world.db, { buildId: id, batch: 1, shards: 3, done: 3 })
        await world.db
          .update(featureBuild)
          .set({ state: 'ready', step: 'publish', endedAt: sql`now()` })
          .where(eq(featureBuild.id, id))
      }
    }
    expect(seen).toEqual(['running', { done: 1, total: 5 }, { done: 3, total: 5 }, { done: 5, total: 5 }, 'ready'])
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
    expect((await world.ask(`GET /api/v1/feature-builds/${id}`)).json()).toMatchObject({ shards: { done: 5, total: 5 } })
    const page = (await world.ask(`GET /api/v1/feature-builds/${id}/events?after=${sequences[2]}`)).json()
    expect(page.items.map(({ kind }: { kind: string }) => kind)).toEqual(['progress', 'state'])
    expect((await world.ask(`GET /api/v1/feature-builds/${'0'.repeat(64)}/events`)).status).toBe(404)
  })
})

describe('an endpoint that is followed', () => {
  test('tells what was and what comes, in order, each once', async () => {
    const name = await supervised()
    await tell(name, 1, 3)
    const following = take(client().endpoints.events(name), 6)
    await tell(name, 4, 6)
    const events = await following
    expect(numbersOf(events)).toEqual([1, 2, 3, 4, 5, 6])
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map(({ sequence }) => sequence).toSorted((a, b) => a - b))
  })

  test('goes on after a cut where it stood: nothing twice, nothing left out', async () => {
    const name = await supervised()
    await tell(name, 1, 40)
    const seen: EndpointEvent[] = []
    for await (const event of client().endpoints.events(name)) {
      seen.push(event)
      // every tenth event the server's end of the line is gone
      if (seen.length % 10 === 0) for (const socket of sockets.clients) socket.terminate()
      if (seen.length === 40) await tell(name, 41, 50)
      if (seen.length === 50) break
    }
    expect(numbersOf(seen)).toEqual(range(1, 50))
  })

  test('keeps nothing for a follower that does not read, which misses nothing later and holds up nobody', async () => {
    const name = await supervised()
    const padding = 'x'.repeat(64 * 1024)
    await tell(name, 1, 300, { padding })
    const { socket } = await open(`/api/v1/endpoints/${name}/events`, world.keys.viewer)
    socket.pause()
    // another follower gets everything while the first one stands still
    expect(numbersOf(await take(client().endpoints.events(name), 300))).toEqual(range(1, 300))
    const buffered = [...sockets.clients].map((held) => held.bufferedAmount)
    expect(Math.max(...buffered)).toBeLessThan(2 * 64 * 1024)
    const late: number[] = []
    const all = new Promise<void>((resolve) =>
      socket.on('message', (message) => {
        late.push((JSON.parse((message as Buffer).toString()) as EndpointEvent).detail.n as number)
        if (late.length === 300) resolve()
      }),
    )
    socket.resume()
    await all
    expect(late).toEqual(range(1, 300))
    socket.terminate()
  })

  test('never passes by an event whose writer committed late', async () => {
    const name = await supervised()
    const page = async () => numbersOf((await world.ask(`GET /api/v1/endpoints/${name}/events`)).json().items)
    let commit!: () => void
    const held = new Promise<void>((resolve) => (commit = resolve))
    let first: Promise<void> | undefined
    await new Promise<void>((wrote) => {
      first = world.db.transaction(async (tx) => {
        await recordEndpointEvent(tx, { endpoint: name, key: 'session/1', kind: 'session', session: day(1), detail: { n: 1 } })
        wrote()
        await held
      })
    })
    const second = tell(name, 2, 2)
    try {
      const waiting = async () => (await world.db.execute(writersThatWait)).rows.length
      await expect.poll(waiting, { timeout: 10_000 }).toBe(1)
      // the second must not show before the first: a follower that had seen it would never ask for the first
      expect(await page()).toEqual([])
    } finally {
      commit()
      await Promise.all([first, second])
    }
    expect(await page()).toEqual([1, 2])
  })

  test('answers a plain GET with a page of the same', async () => {
    const name = await supervised()
    await tell(name, 1, 3)
    const first = (await world.ask(`GET /api/v1/endpoints/${name}/events?limit=2`)).json()
    const second = (await world.ask(`GET /api/v1/endpoints/${name}/events?limit=2&after=${first.nextCursor}`)).json()
    expect(numbersOf([...first.items, ...second.items])).toEqual([1, 2, 3])
    expect(second.nextCursor).toBeNull()
  })
})

describe('a training run that is followed', () => {
  const begin = async () => {
    const id = randomUUID()
    const { name, features: featureSet, ...recipe } = trainBody
    await world.db.insert(trainingRun).values({
      id,
      modelName: name,
      recipe: { ...recipe, featureSet } as never,
      state: 'running',
      step: 'train',
      requestedBy: 'ada',
      bodySha256: '0'.repeat(64),
    })
    return id
  }
  const point = (runId: string, step: number) =>
    world.db.insert(trainingProgress).values({ runId, step, phase: 'search', round: step, totalRounds: 100, metrics: { l2: 1 / step } })
  const set = (id: string, values: Partial<typeof trainingRun.$inferInsert>) =>
    world.db.update(trainingRun).set(values).where(eq(trainingRun.id, id))

  test('tells its states and every point, and the line is closed after the end', async () => {
    const id = await begin()
    await point(id, 1)
    const told: string[] = []
    for await (const event of client().trainingRuns.events(id)) {
      told.push(event.kind === 'state' ? event.state : String(event.point.step))
      if (told.length === 2) {
        await set(id, { state: 'paused', pausedBy: 'ada', journalSequence: 1 })
        await point(id, 2)
      }
      if (told.at(-1) === '2') {
        await point(id, 3)
        await set(id, { state: 'approved', modelVersion: 1, journalSequence: 2, endedAt: new Date().toISOString() })
      }
    }
    expect(told).toEqual(['running', '1', 'paused', '2', '3', 'approved'])
  })

  test('never tells a point before the state that it was written under', async () => {
    const id = await begin()
    const last = 150
    const write = async () => {
      for (let n = 1; n <= last; n++) {
        await set(id, { state: n % 2 === 1 ? 'paused' : 'running', journalSequence: n })
        await point(id, n)
      }
    }
    let writing = true
    const written = write().finally(() => (writing = false))
    let told = 0
    for (let after = 0; writing;) {
      const { events } = await readTrainingEvents(world.db, id, after, 10)
      for (const event of events)
        if (event.kind === 'progress') {
          told = event.point.step
          expect(positionOf(event.sequence).revision, `point ${told}`).toBeGreaterThan(told)
        }
      after = events.at(-1)?.sequence ?? after
    }
    await written
    expect(told).toBeGreaterThan(last / 2)
  })

  test('is told from any sequence on, however it was cut', async () => {
    const id = await begin()
    for (let step = 1; step <= 450; step++) await point(id, step)
    await set(id, { state: 'refused', failure: 'no better', journalSequence: 7, endedAt: new Date().toISOString() })
    const all = await take(client().trainingRuns.events(id), 1000)
    expect(all.map((event) => (event.kind === 'state' ? event.state : event.point.step))).toEqual([...range(1, 450), 'refused'])
    for (const cut of [0, 1, 199, 200, 449, 450])
      expect(await take(client().trainingRuns.events(id, all[cut]!.sequence), 1000)).toEqual(all.slice(cut + 1))
  })
})

describe('a follower', () => {
  test('without a key, with a wrong one, of nothing, or with an `after` that is none is refused before the upgrade', async () => {
    const name = await supervised()
    const path = `/api/v1/endpoints/${name}/events`
    const { viewer } = world.keys
    expect((await open(path, undefined)).status).toBe(401)
    expect((await open(path, 'ql_wrong')).status).toBe(401)
    expect((await open('/api/v1/endpoints/nothing-here/events', viewer)).status).toBe(404)
    expect((await open(`${path}?after=yesterday`, viewer)).status).toBe(422)
    expect(sockets.clients.size).toBe(0)
    await expect(take(client('ql_wrong').endpoints.events(name), 1)).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(take(client().endpoints.events('nothing-here'), 1)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('whose key is revoked is sent away at the next check', async () => {
    const name = await supervised()
    const { id, key } = await createApiKey(world.db, { name: 'passing', role: 'viewer', by: 'test' })
    await tell(name, 1, 1)
    const following = client(key).endpoints.events(name)
    expect((await following.next()).value.detail).toEqual({ n: 1 })
    await revokeApiKey(world.db, { id, by: 'test' })
    await expect(following.next()).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('that says too much is cut off', async () => {
    const name = await supervised()
    const { socket } = await open(`/api/v1/endpoints/${name}/events`, world.keys.viewer)
    socket.send('x'.repeat(2000))
    expect((await once(socket, 'close'))[0]).toBe(1009)
  })
})
