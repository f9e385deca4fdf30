/** The proxy in front of a real PostgreSQL. */
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testServices } from '#tests/support/services.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'

let proxy: FaultProxy
let throughProxy: string

beforeEach(async () => {
  const url = new URL(testServices().databaseUrl)
  proxy = await startFaultProxy({ host: url.hostname, port: Number(url.port) })
  throughProxy = Object.assign(url, { hostname: '127.0.0.1', port: String(proxy.port) }).toString()
})

afterEach(async () => {
  await proxy.close()
})

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: throughProxy })
  client.on('error', () => {})
  await client.connect()
  return client
}

test('passes everything on', async () => {
  const client = await connect()
  const { rows } = await client.query<{ text: string }>(`select repeat('x', 300000) as text`)
  expect(rows[0]?.text).toHaveLength(300_000)
  expect(proxy.connections()).toBe(1)
  await client.end()
})

test('cut: open connections break, new ones are refused, and after the repair they work', async () => {
  const client = await connect()
  proxy.cut()
  await expect(client.query('select 1')).rejects.toThrow(/ECONNRESET|terminated/)
  await expect(connect()).rejects.toThrow(/ECONNRESET|terminated/)
  proxy.restore()
  const again = await connect()
  expect((await again.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await again.end()
})

test('silence: nothing is answered until it is lifted, and then the same connection goes on', async () => {
  const client = await connect()
  proxy.silence()
  let answered = false
  const answer = client.query('select 1 as one').then(({ rows }) => {
    answered = true
    return rows
  })
  const unheard = connect().then((second) => second.end())
  // a direct connection does a round trip in this time, the silenced one does not
  const direct = new pg.Client({ connectionString: testServices().databaseUrl })
  await direct.connect()
  await direct.query('select 1')
  await direct.end()
  expect(answered).toBe(false)
  proxy.restore()
  expect(await answer).toEqual([{ one: 1 }])
  await unheard
  await client.end()
})
