/** Faults in a real database, under the commands that the program itself runs. */
import { randomUUID } from 'node:crypto'
import { drizzle } from 'drizzle-orm/node-postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordRunState, type RunEntry } from '#db/commands/record-run-state.ts'
import * as schema from '#db/schema.ts'
import { testDatabase } from '#tests/support/services.ts'
import { FaultPlan, type FaultOptions } from './fault-plan.ts'
import { connectionLost, faultyPool } from './faulty-pool.ts'

let database: Awaited<ReturnType<typeof testDatabase>>

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(async () => {
  await database.drop()
})

/** A run at the step `fit`, told to pause through a database in which the plan's operation fails. */
async function pauseUnder(options: Omit<FaultOptions, 'error'>) {
  const id = randomUUID()
  await database.pool.query(
    `insert into training_run (id, model_name, recipe, state, requested_by, body_sha256) values ($1, 'range', '{}', 'running', 'ann', '')`,
    [id],
  )
  const entry: RunEntry = {
    kind: 'training-run',
    id,
    sequence: 1,
    phase: 'pausing',
    step: 'fit',
    pausedBy: 'ann',
    pausedMs: 0,
    command: { commandId: randomUUID(), verb: 'pause', by: 'ann', via: 'update' },
  }
  const plan = new FaultPlan({ ...options, error: connectionLost })
  const record = () => recordRunState(drizzle(faultyPool(database.pool, plan), { schema }), entry)
  const written = async () => {
    const { rows } = await database.pool.query<{ state: string; audits: number }>(
      `select state, (select count(*)::int from audit where subject = 'training-run/' || training_run.id) as audits from training_run where id = $1`,
      [id],
    )
    return rows[0]
  }
  return { plan, record, written }
}

test.each([
  ['the update', /^update "training_run"/],
  ['the audit row', /^insert into "audit"/],
  ['the commit', /^commit/],
])('a connection lost before %s leaves nothing, and the repeat leaves one of each', async (_, on) => {
  const { plan, record, written } = await pauseUnder({ on, nth: 1 })
  await expect(record()).rejects.toThrow(/Failed query|connection lost/)
  expect(plan.fired).toBe(1)
  expect(await written()).toEqual({ state: 'running', audits: 0 })
  await record()
  expect(await written()).toEqual({ state: 'pausing', audits: 1 })
})

test('a commit whose answer is lost has happened, and the repeat changes nothing', async () => {
  const { plan, record, written } = await pauseUnder({ on: /^commit/, nth: 1, when: 'after' })
  await expect(record()).rejects.toThrow('Failed query: commit')
  expect(plan.fired).toBe(1)
  expect(await written()).toEqual({ state: 'pausing', audits: 1 })
  await record()
  expect(await written()).toEqual({ state: 'pausing', audits: 1 })
})

test('a statement outside a transaction can be lost too, and the client on which a fault fired is thrown away', async () => {
  const plan = new FaultPlan({ on: /^select 7/, nth: 1, error: connectionLost })
  const pool = faultyPool(database.pool, plan)
  await expect(pool.query('select 7')).rejects.toMatchObject({ code: '08006' })

  const again = faultyPool(database.pool, new FaultPlan({ on: /^select 7/, nth: 1, error: connectionLost }))
  const client = await again.connect()
  const pid = async () => (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid
  const broken = await pid()
  await expect(client.query('select 7')).rejects.toThrow('connection lost')
  client.release()
  const { rows } = await database.pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  expect(rows[0]?.pid).not.toBe(broken)
})
