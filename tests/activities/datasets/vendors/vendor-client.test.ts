import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { VendorClient, VendorRefusal, type VendorRules } from '#activities/datasets/vendors/vendor-client.ts'
import { VendorServer } from './vendor-server.ts'

const rules: VendorRules = {
  name: 'Vendor',
  requestsPerMinute: 100_000,
  retries: 3,
  firstWaitMs: 1,
  longestWaitMs: 1_000,
  failures: 4,
  halfOpenAfterMs: 60_000,
  silenceMs: 5_000,
  mostBytes: 10_000,
}
const broken = { kind: 'status', status: 500 } as const

let server: VendorServer
beforeEach(async () => void (server = await VendorServer.start(() => ({ status: 200, body: { whole: 'x'.repeat(200) } }))))
afterEach(async () => {
  vi.useRealTimers()
  await server.stop()
})

const ask = (client: VendorClient, cancelled: AbortSignal = new AbortController().signal) =>
  client.fetch({
    address: new URL('/page?n=1', server.endpoint),
    headers: { 'x-secret': 'hush' },
    check: (bytes) => void JSON.parse(Buffer.from(bytes).toString()),
    cancelled,
  })

describe('an answer that is not whole is asked for again', () => {
  it.each([
    ['500', broken],
    ['429 that names a time', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }],
    ['429 that names a date', { kind: 'status', status: 429, headers: { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' } }],
    ['a cut connection', { kind: 'cut' }],
    ['half a page', { kind: 'half' }],
    ['a length that is too long', { kind: 'long' }],
    ['a length that is too short', { kind: 'short' }],
  ] as const)('%s', async (_, fault) => {
    server.faults = [fault, fault]
    expect(JSON.parse(Buffer.from(await ask(new VendorClient(rules))).toString())).toEqual({ whole: 'x'.repeat(200) })
    expect(server.asked).toHaveLength(3)
  })

  it('as often as the rules say, and then it is told with vendor, address and reason, without secrets', async () => {
    server.standing = () => ({ kind: 'half' })
    const error = await ask(new VendorClient({ ...rules, failures: 100 })).then(
      () => new Error('was answered'),
      (raised: Error) => raised,
    )
    expect(error).toMatchObject({
      code: 'source_unavailable',
      message: expect.stringMatching(/^Vendor gave no whole answer to http:.*\/page\?n=1: 106 bytes came, and are not a whole answer/),
      place: { vendor: 'Vendor' },
    })
    expect(server.asked).toHaveLength(4)
    expect(JSON.stringify(error) + error.stack).not.toContain('hush')
  })
})

describe('an answer is not asked for again', () => {
  it('when the vendor says no', async () => {
    server.standing = () => ({ kind: 'status', status: 404, body: 'no such page' })
    await expect(ask(new VendorClient(rules))).rejects.toBeInstanceOf(VendorRefusal)
    expect(server.asked).toHaveLength(1)
  })

  it('when it asks for more patience than there is here', async () => {
    server.standing = () => ({ kind: 'status', status: 429, headers: { 'retry-after': '3600' } })
    await expect(ask(new VendorClient(rules))).rejects.toMatchObject({ code: 'rate_limited' })
    expect(server.asked).toHaveLength(1)
  })

  it('when it was cancelled', async () => {
    const stop = new AbortController()
    server.standing = () => {
      stop.abort()
      return broken
    }
    await expect(ask(new VendorClient(rules), stop.signal)).rejects.toMatchObject({ name: 'AbortError' })
    expect(server.asked).toHaveLength(1)
  })

  it('at another address: keys would follow a redirect', async () => {
    server.standing = () => ({ kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:9/elsewhere' } })
    await expect(ask(new VendorClient({ ...rules, retries: 0 }))).rejects.toMatchObject({ code: 'source_unavailable' })
    expect(server.asked).toHaveLength(1)
  })

  it('of more bytes than one has', async () => {
    await expect(ask(new VendorClient({ ...rules, retries: 0, mostBytes: 100 }))).rejects.toMatchObject({
      message: expect.stringContaining('more than 100 bytes'),
    })
  })
})

describe('the circuit', () => {
  it('opens after failures in a row, lets one probe through after a while, and closes when it comes back whole', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const client = new VendorClient({ ...rules, retries: 0 })
    server.standing = () => broken
    for (let failure = 0; failure < 4; failure++)
      await expect(ask(client)).rejects.toMatchObject({ message: expect.stringContaining('500') })
    await expect(ask(client)).rejects.toMatchObject({
      code: 'source_unavailable',
      message: expect.stringMatching(/failed 4 times in a row, and is left alone for 60 s/),
    })
    expect(server.asked).toHaveLength(4)

    vi.setSystemTime(Date.now() + 60_000)
    await expect(ask(client)).rejects.toMatchObject({ message: expect.stringContaining('500') })
    await expect(ask(client)).rejects.toMatchObject({ message: expect.stringContaining('in a row') })
    expect(server.asked).toHaveLength(5)

    vi.setSystemTime(Date.now() + 60_000)
    server.standing = undefined
    await ask(client)
    await ask(client)
    expect(server.asked).toHaveLength(7)
  })

  it('stays closed for a vendor that is only busy', async () => {
    const client = new VendorClient({ ...rules, retries: 0 })
    server.standing = () => ({ kind: 'status', status: 429 })
    for (let busy = 0; busy < 6; busy++) await expect(ask(client)).rejects.toMatchObject({ code: 'rate_limited' })
    expect(server.asked).toHaveLength(6)
  })
})

it('asks no more often than the rules say', async () => {
  const client = new VendorClient({ ...rules, requestsPerMinute: 2 })
  const stop = new AbortController()
  const asked = [ask(client), ask(client), ask(client, stop.signal)]
  await Promise.all(asked.slice(0, 2))
  expect(server.asked).toHaveLength(2)
  stop.abort()
  await expect(asked[2]).rejects.toMatchObject({ name: 'AbortError' })
  expect(server.asked).toHaveLength(2)
})
