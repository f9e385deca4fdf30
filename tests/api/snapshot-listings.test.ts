/** Who is in a snapshot: symbols with what became of them, universes and their members on a session. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CorporateAction } from '#domain/market/actions.ts'
import { walkBars } from '#tests/support/bars.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { apiWorld, type ApiWorld } from './world.ts'

const end = (symbol: string, exDate: string, what: Partial<CorporateAction> & Pick<CorporateAction, 'kind'>): CorporateAction => ({
  symbol,
  exDate,
  knownAt: `${exDate}T00:00:00.000Z`,
  basis: 'given',
  ...what,
})
const bars = ['FB', 'IBM', 'LEH', 'YHOO'].map((symbol, seed) => walkBars(symbol, 40, seed))
const last = bars[0]!.sessions.at(-1)!
const universes = [
  { name: 'banks', spans: [{ symbol: 'LEH', from: '2007-01-01', to: '2030-12-31' }] },
  {
    name: 'large',
    spans: [
      { symbol: 'FB', from: '2007-01-01', to: '2007-01-10' },
      { symbol: 'FB', from: '2007-02-01', to: '2030-12-31' },
      { symbol: 'IBM', from: '2007-01-05', to: '2007-02-15' },
    ],
  },
]

let world: ApiWorld
let id: string
beforeAll(async () => {
  world = await apiWorld()
  const actions = [
    end('FB', '2030-06-09', { kind: 'rename', to: 'META' }),
    end('LEH', '2007-02-20', { kind: 'delisting', return: -0.99 }),
    end('YHOO', '2030-01-02', { kind: 'delisting', cash: 44 }),
  ]
  ;({ id } = await landSnapshot(world, 'index', bars, actions, universes))
})
afterAll(() => world?.close())

const at = (path: string) => `GET /api/v1/datasets/index/snapshots/${path}`

describe('symbols', () => {
  test('are listed, renamed or delisted, with the span of their bars', async () => {
    const { items } = (await world.ask(at(`${id}/symbols`), { key: world.keys.viewer })).json()
    const span = { rows: 40, firstSession: bars[0]!.sessions[0]!, lastSession: last }
    const none = { on: null, to: null, delistingReturn: null, cash: null }
    expect(items).toEqual([
      { symbol: 'FB', status: 'renamed', ...span, ...none, on: '2030-06-09', to: 'META' },
      { symbol: 'IBM', status: 'listed', ...span, ...none },
      { symbol: 'LEH', status: 'delisted', ...span, ...none, on: '2007-02-20', delistingReturn: -0.99 },
      { symbol: 'YHOO', status: 'delisted', ...span, ...none, on: '2030-01-02', cash: 44 },
    ])
  })

  test('of one status, page by page', async () => {
    const first = (await world.ask(at(`${id}/symbols?status=delisted&limit=1`))).json()
    expect(first.items.map(({ symbol }: { symbol: string }) => symbol)).toEqual(['LEH'])
    const second = (await world.ask(at(`${id}/symbols?status=delisted&limit=1&after=${first.nextCursor}`))).json()
    expect([second.items.map(({ symbol }: { symbol: string }) => symbol), second.nextCursor]).toEqual([['YHOO'], null])
  })
})

describe('universes', () => {
  test('are listed by name, with how far they reach', async () => {
    const { items } = (await world.ask(at(`${id}/universes`))).json()
    expect(items).toEqual([
      { name: 'banks', symbols: 1, spans: 1, from: '2007-01-01', to: '2030-12-31' },
      { name: 'large', symbols: 2, spans: 3, from: '2007-01-01', to: '2030-12-31' },
    ])
  })

  test.each<[string, string, string[]]>([
    ['large', '2007-01-04', ['FB']],
    ['large', '2007-01-10', ['FB', 'IBM']],
    ['large', '2007-01-11', ['IBM']],
    ['large', '2007-02-16', ['FB']],
    ['banks', '2007-02-19', ['LEH']],
    ['banks', '2007-02-20', []],
  ])('%s has its members of %s', async (universe, session, members) => {
    const answer = (await world.ask(at(`${id}/universes/${universe}?session=${session}`))).json()
    expect([answer.session, answer.members]).toEqual([session, members])
    expect(answer.spans).toEqual(universes.find(({ name }) => name === universe)!.spans)
  })

  test('are those of the last session by default', async () => {
    const { session, members } = (await world.ask(at(`${id.slice(0, 10)}/universes/large`))).json()
    expect([session, members]).toEqual([last, ['FB']])
  })

  test('that are not there are not found', async () => {
    for (const path of [`${id}/universes/none`, 'no-such-tag/universes', `${'f'.repeat(64)}/symbols`])
      expect((await world.ask(at(path))).status, path).toBe(404)
    expect((await world.ask(at(`${id}/universes/large?session=yesterday`))).status).toBe(422)
  })
})
