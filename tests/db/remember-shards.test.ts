import { afterAll, beforeAll, expect, test } from 'vitest'
import { forgetShards } from '#db/commands/forget-shards.ts'
import { type NewlyCached, rememberShards, renewAhead } from '#db/commands/remember-shards.ts'
import { findCachedShards, findStates } from '#db/queries/cached-shards.ts'
import { encodeStates, type SliceStates } from '#domain/features/slice-states.ts'
import { testDatabase } from '#tests/support/services.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

const hashOf = (index: number) => index.toString(16).padStart(64, '0')
const uriOf = (index: number) => `objects/00/${hashOf(index)}.arrow`
const ahead = (months: string) => ({ through: null, months, rows: '' })
const shards: NewlyCached[] = Array.from({ length: 2_000 }, (_, index) => ({
  key: hashOf(index),
  shard: {
    object: { uri: uriOf(index), sha256: hashOf(index), bytes: 1 },
    rows: 1,
    symbols: ['AAPL'],
    firstSession: '2008-06-02',
    lastSession: '2008-06-02',
  },
  sessions: Uint8Array.of(1),
  ahead: ahead('first'),
  ends: {},
  states: undefined,
  nonFinite: {},
  place: null,
}))
const columns = { hash: 'c'.repeat(64), columns: [] }

test('builds that write, renew and forget the same shards at once, each in an order of its own, do not wait in a ring', async () => {
  const { db } = database
  const shuffled = (turn: number) =>
    shards.toSorted((a, b) => ((Number.parseInt(a.key, 16) * 7919 * turn) % 2_003) - ((Number.parseInt(b.key, 16) * 7919 * turn) % 2_003))
  for (let round = 0; round < 5; round++)
    await Promise.all(
      [1, 2, 3, 4].flatMap((turn) => [
        rememberShards(db, columns, shuffled(turn)),
        renewAhead(
          db,
          columns.hash,
          shuffled(turn + 4).map(({ key }) => ({ key, ahead: ahead('renewed') })),
        ),
        forgetShards(
          db,
          shuffled(turn + 8).map(({ shard }) => shard.object.uri),
        ),
      ]),
    )
  await rememberShards(db, columns, shards)
  await renewAhead(db, columns.hash, [{ key: hashOf(3), ahead: ahead('renewed') }])
  await forgetShards(db, [uriOf(5)])
  const found = await findCachedShards(
    db,
    shards.map(({ key }) => key),
  )
  expect(found).toHaveLength(1_999)
  expect(found.filter((each) => each.ahead.months === 'renewed').map(({ key }) => key)).toEqual([hashOf(3)])
  expect(found.map(({ key }) => key)).not.toContain(hashOf(5))
})

test('states of a shard stay when it is stored again with fewer, and come when it had none', async () => {
  const { db } = database
  const state = (value: number): SliceStates => new Map([['AAPL', new Map([['EMA', Float64Array.of(value)]])]])
  const [first, second] = shards as [NewlyCached, NewlyCached]
  await rememberShards(db, columns, [{ ...first, states: encodeStates(state(1)) }, second])
  await rememberShards(db, columns, [first, { ...second, states: encodeStates(state(2)) }])
  const other = { hash: 'd'.repeat(64), columns: [] }
  await rememberShards(db, other, [{ ...first, states: encodeStates(new Map([['AAPL', new Map([['RSI', Float64Array.of(3)]])]])) }])
  const found = await findStates(db, [first.key, second.key, hashOf(7)])
  expect(found).toEqual(
    new Map([
      [
        first.key,
        new Map([
          [
            'AAPL',
            new Map([
              ['EMA', Float64Array.of(1)],
              ['RSI', Float64Array.of(3)],
            ]),
          ],
        ]),
      ],
      [second.key, state(2)],
    ]),
  )
})
