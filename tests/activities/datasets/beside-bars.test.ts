import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSnapshot } from '#activities/snapshots.ts'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { listQuarantinedRows } from '#db/queries/syncs.ts'
import { adjustBars } from '#domain/market/factors.ts'
import { listingEnds, symbolStatus } from '#domain/market/listings.ts'
import { verifySnapshot } from '#tests/support/verify-snapshot.ts'
import { readUniverses } from '#storage/snapshot-manifest.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

let world: DatasetTestWorld
beforeAll(async () => void (world = await datasetWorld()))
afterAll(() => world.drop())

const bar = (symbol: string, session: string, close: number, volume = 100) =>
  `${session},${symbol},${close},${close},${close},${close},${volume}`
const textOf = (...bars: string[]) => ['date,symbol,open,high,low,close,volume', ...bars].join('\n')

type Beside = { actions?: string; universes?: string; calendar?: Extract<ConnectorConfig, { kind: 'csv' }>['calendar'] }

async function landed(dataset: string, bars: string, { actions, universes, calendar }: Beside = {}) {
  const config: ConnectorConfig = {
    ...(await world.csv(bars)),
    ...(calendar === undefined ? {} : { calendar }),
    ...(actions === undefined ? {} : { actions: await world.upload(actions) }),
    ...(universes === undefined ? {} : { universes: await world.upload(universes) }),
  }
  const result = await world.sync(config, { dataset })
  const snapshot = result.snapshotId === undefined ? undefined : await findSnapshot(world.db, result.snapshotId, dataset)
  const { items } = await listQuarantinedRows(world.db, result.syncId, { limit: 20 })
  return { result, items, manifest: snapshot?.manifest, reader: snapshot && (await openSnapshot(world.objects, snapshot.manifest)) }
}

describe('the calendar of a dataset', () => {
  // a Friday, a Saturday, Martin Luther King's day, a Tuesday
  const bars = textOf(...['2020-01-17', '2020-01-18', '2020-01-20', '2020-01-21'].map((session) => bar('A', session, 10)))

  it('that was named refuses bars of days on which nobody traded, by line', async () => {
    const { items, reader } = await landed('calendar-named', bars, { calendar: 'XNYS' })
    expect(items).toMatchObject([
      { line: 3, reason: '2020-01-18 is no session of XNYS', symbol: 'A', session: '2020-01-18' },
      { line: 4, reason: '2020-01-20 is no session of XNYS' },
    ])
    expect((await reader!.bars('A')).sessions).toEqual(['2020-01-17', '2020-01-21'])
    expect((await landed('calendar-china', bars, { calendar: 'XSHG' })).items.map(({ session }) => session)).toEqual(['2020-01-18'])
    expect((await landed('calendar-always', bars, { calendar: '24/7' })).items).toEqual([])
  })

  it('that nobody named is a guess, and refuses nothing', async () => {
    const { items, reader } = await landed('calendar-assumed', bars)
    expect(items).toEqual([])
    expect(reader!.manifest.beside).toEqual({ calendar: { kind: 'exchange', name: 'XNYS', basis: 'assumed' } })
  })

  it('is part of what a snapshot is', async () => {
    const plain = textOf(bar('A', '2020-01-17', 10))
    const [guessed, named, always] = [
      await landed('calendar-1', plain),
      await landed('calendar-2', plain, { calendar: 'XNYS' }),
      await landed('calendar-3', plain, { calendar: '24/7' }),
    ]
    expect(named.result.snapshotId).toBe(guessed.result.snapshotId)
    expect(always.result.snapshotId).not.toBe(guessed.result.snapshotId)
    expect(await verifySnapshot(world.objects, always.manifest!)).toMatchObject({ snapshotId: always.result.snapshotId, damage: [] })
  })
})

describe('corporate actions in a file of their own', () => {
  const header = 'symbol,exDate,kind,ratio,cash,to,return'
  const bars = textOf(bar('A', '2020-01-02', 100), bar('A', '2020-01-03', 50, 300), bar('B', '2020-01-02', 20), bar('B', '2020-01-03', 19))

  it('are the whole truth: nothing is derived, and a split that they tell holds nothing', async () => {
    const { result, reader } = await landed('actions', bars, {
      actions: [header, 'A,2020-01-03,split,2,,,', 'b,2020-01-03,dividend,,1,,'].join('\n'),
    })
    expect(result).toMatchObject({ state: 'landed', held: 0 })
    expect(reader!.manifest.actions).toMatchObject([
      { symbol: 'A', kind: 'split', ratio: 2, basis: 'given', knownAt: '2020-01-04T00:00:00.000Z' },
      { symbol: 'B', kind: 'dividend', cash: 1, basis: 'given' },
    ])
    const adjusted = adjustBars(await reader!.bars('A'), reader!.manifest.actions)
    expect([[...adjusted.close], [...adjusted.volume]]).toEqual([
      [100, 100],
      [100, 150],
    ])
    expect((await landed('actions-held', bars, { actions: header })).result).toMatchObject({ state: 'rejected', held: 1 })
  })

  it('end listings: the company that takes the ticker later is not laid behind the first', async () => {
    const later = textOf(
      ...['2008-09-15', '2008-09-16', '2008-09-17'].map((session) => bar('LEH', session, 0.2)),
      ...['2008-09-18', '2015-06-01'].map((session) => bar('LEH', session, 40)),
    )
    const { items, reader, result } = await landed('delisted', later, { actions: [header, 'LEH,2008-09-18,delisting,,,,-0.99'].join('\n') })
    expect(items.map(({ line, session }) => [line, session])).toEqual([
      [5, '2008-09-18'],
      [6, '2015-06-01'],
    ])
    expect(items[0]!.reason).toMatch(/^LEH was delisted on 2008-09-18: a later bar is another company's/)
    const { sessions, close } = await reader!.bars('LEH')
    expect(sessions.at(-1)).toBe('2008-09-17')
    expect(symbolStatus(listingEnds(reader!.manifest.actions).get('LEH'), close.at(-1))).toMatchObject({
      kind: 'delisted',
      on: '2008-09-18',
      delistingReturn: -0.99,
    })
    // what a holder got is part of what a snapshot is
    const other = await landed('delisted-other', later, { actions: [header, 'LEH,2008-09-18,delisting,,,,-1'].join('\n') })
    expect(other.result.snapshotId).not.toBe(result.snapshotId)
  })

  it.each([
    ['A,2020-01-03,split,,,,', /line 2 of the actions: a split needs its ratio/],
    ['A,2020-01-03,split,zwei,,,', /line 2 of the actions: ratio 'zwei'/],
    ['A,2020-01-03,merger,,,,', /line 2 of the actions: kind 'merger'/],
    ['A,2020-02-30,dividend,,1,,', /line 2 of the actions: exDate '2020-02-30'/],
    ['../x,2020-01-03,dividend,,1,,', /line 2 of the actions: symbol '\.\.\/x'/],
    ['A,2020-01-03,rename,,,,', /needs its new ticker/],
    ['A,2020-01-03,delisting,,,,-2', /return '-2'/],
    ['A,2020-01-03', /line 2 of the actions/],
    ['A,2020-01-03,dividend,,100,,', /an action that the source gives cannot be: the dividend of A on 2020-01-03/],
  ])('%s is refused, and the head stays', async (line, message) => {
    const { result } = await landed('actions-bad', bars, { actions: [header, 'A,2020-01-03,split,2,,,'].join('\n') })
    await expect(landed('actions-bad', bars, { actions: [header, line].join('\n') })).rejects.toMatchObject({
      code: 'source_malformed',
      message: expect.stringMatching(message),
    })
    expect(await findDataset(world.db, 'actions-bad')).toMatchObject({ headSnapshotId: result.snapshotId })
  })
})

describe('universes in a file of their own', () => {
  const bars = textOf(bar('A', '2020-01-02', 10))

  it('are part of what a snapshot is, in whatever order they came', async () => {
    const lines = ['large,A,2020-01-02,2020-12-31', 'large,brk-b,2019-01-02,2019-12-31', 'all,A,2020-01-02,2020-12-31']
    const { result, reader, manifest } = await landed('universe-1', bars, { universes: ['universe,symbol,from,to', ...lines].join('\n') })
    expect(await readUniverses(world.objects, reader!.manifest.beside)).toEqual([
      { name: 'all', spans: [{ symbol: 'A', from: '2020-01-02', to: '2020-12-31' }] },
      {
        name: 'large',
        spans: [
          { symbol: 'A', from: '2020-01-02', to: '2020-12-31' },
          { symbol: 'BRK.B', from: '2019-01-02', to: '2019-12-31' },
        ],
      },
    ])
    const again = await landed('universe-2', bars, { universes: ['universe,symbol,from,to', ...lines.toReversed()].join('\n') })
    expect(again.result.snapshotId).toBe(result.snapshotId)
    expect((await landed('universe-3', bars)).result.snapshotId).not.toBe(result.snapshotId)
    expect(await verifySnapshot(world.objects, manifest!)).toMatchObject({ snapshotId: result.snapshotId, damage: [] })
  })

  it.each([
    ['large,A,2020-01-02', /line 2 of the universes/],
    ['large,A,2020-02-01,2020-01-01', /A leaves the universe large on 2020-01-01, before it enters/],
    ['../x,A,2020-01-02,2020-02-01', /line 2 of the universes: name/],
  ])(
    '%s is refused',
    async (line, message) =>
      await expect(landed('universe-bad', bars, { universes: ['universe,symbol,from,to', line].join('\n') })).rejects.toMatchObject({
        code: 'source_malformed',
        message: expect.stringMatching(message),
      }),
  )
})
