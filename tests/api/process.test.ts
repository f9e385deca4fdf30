import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { closeCodes } from '#contracts/events.ts'
import { endpoint } from '#db/schema.ts'
import { freePort } from '#stack/ports.ts'
import { testServices } from '#tests/support/services.ts'
import { apiWorld, type ApiWorld } from './world.ts'

let world: ApiWorld
let folder: string
let child: ChildProcess | undefined
beforeAll(async () => {
  world = await apiWorld()
  folder = await mkdtemp(join(tmpdir(), 'quantloop-api-'))
})
afterAll(async () => {
  child?.kill('SIGKILL')
  await world?.close()
  await rm(folder, { recursive: true })
})

/** A server that can be there or away: a door on one port to a real one on another. */
function door(port: number, host: string, to: number) {
  let server: Server | undefined
  const sockets = new Set<Socket>()
  return {
    open: async () => {
      server = createServer((near) => {
        const far = connect(to, host)
        for (const [from, other] of [
          [near, far],
          [far, near],
        ] as const) {
          sockets.add(from)
          from.pipe(other)
          from.on('error', () => other.destroy())
          from.on('close', () => sockets.delete(from))
        }
      }).listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    shut: async () => {
      const closing = server
      server = undefined
      for (const socket of sockets) socket.destroy()
      if (closing) await new Promise((resolve) => closing.close(resolve))
    },
  }
}

test('the process starts before its servers, finds them, loses them, finds them again, and drains on SIGTERM', async () => {
  await world.db.insert(endpoint).values({ name: 'followed' })
  const database = new URL(world.databaseUrl)
  const [temporalHost, temporalPort] = testServices().temporalAddress.split(':') as [string, string]
  const ports = [await freePort(), await freePort(), await freePort()] as const
  const doors = [door(ports[0], database.hostname, Number(database.port)), door(ports[1], temporalHost, Number(temporalPort))]
  const url = `http://127.0.0.1:${ports[2]}`
  child = spawn(process.execPath, [fileURLToPath(new URL('../../bin/quantloop.mjs', import.meta.url)), 'api'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      QUANTLOOP_STATE_DIR: folder,
      QUANTLOOP_DATABASE_URL: Object.assign(new URL(database), { host: `127.0.0.1:${ports[0]}` }).toString(),
      QUANTLOOP_TEMPORAL_ADDRESS: `127.0.0.1:${ports[1]}`,
      QUANTLOOP_TEMPORAL_NAMESPACE: world.temporal.namespace,
      QUANTLOOP_S3_ENDPOINT: world.config.endpoint,
      QUANTLOOP_S3_BUCKET: world.config.bucket,
      QUANTLOOP_S3_REGION: world.config.region,
      QUANTLOOP_S3_ACCESS_KEY: world.config.accessKey,
      QUANTLOOP_S3_SECRET_KEY: world.config.secretKey,
      QUANTLOOP_API_HOST: '127.0.0.1',
      QUANTLOOP_API_PORT: String(ports[2]),
      QUANTLOOP_LOG_LEVEL: 'info',
    },
  })
  let log = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const exited = once(child, 'exit')
  const missing = async () => {
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined)
    return answer && Object.keys(((await answer.json()) as { missing: object }).missing)
  }
  const patience = { timeout: 40_000, interval: 200 }
  const list = () =>
    fetch(`${url}/api/v1/training-runs/01985b7e-0000-7000-8000-000000000000`, { headers: { authorization: `Bearer ${world.keys.viewer}` } })

  await expect.poll(missing, { ...patience, message: log }).toEqual(['postgresql', 'temporal'])
  expect((await fetch(`${url}/health/live`)).status).toBe(200)
  for (let round = 0; round < 2; round++) {
    for (const { open } of doors) await open()
    await expect.poll(missing, { ...patience, message: log }).toEqual([])
    // it asks PostgreSQL for the row and Temporal for the workflow
    expect((await list()).status).toBe(404)
    for (const { shut } of doors) await shut()
    await expect.poll(missing, patience).toEqual(['postgresql', 'temporal'])
    expect((await list()).status).toBe(503)
  }
  // who follows something is told to come back, and does not hold up the end
  await doors[0]!.open()
  const follower = new WebSocket(`${url.replace('http', 'ws')}/api/v1/endpoints/followed/events`, {
    headers: { authorization: `Bearer ${world.keys.viewer}` },
  })
  await once(follower, 'open')
  const sentAway = once(follower, 'close')
  child.kill('SIGTERM')
  expect((await sentAway)[0]).toBe(closeCodes.restarting)
  expect(await exited, log).toEqual([0, null])
  for (const line of log.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level')
  expect(log).toContain('the API has ended')
}, 180_000)
