import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createQualityActivities } from '#activities/quality.ts'
import { QualityReport } from '#contracts/quality.ts'
import { snapshotQuality } from '#db/schema.ts'
import { findQualityReport } from '#db/queries/snapshot-quality.ts'
import { datasetWorld, type DatasetTestWorld } from '#tests/activities/datasets/world.ts'
import { qualityEngineVersion } from '#domain/quality/snapshot-examination.ts'
import { walkBars } from '#tests/support/bars.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'

let world: DatasetTestWorld
beforeAll(async () => {
  world = await datasetWorld()
})
afterAll(() => world?.drop())

const examine = (dataset: string, snapshotId: string) =>
  world.asActivity(createQualityActivities(world).examineSnapshot, { dataset, snapshotId })
const read = async (ref: Awaited<ReturnType<typeof examine>>['report']) =>
  QualityReport.parse(JSON.parse(new TextDecoder().decode(await world.objects.get(ref))))

const row = (session: string, close: number, volume = 1000) => `AAA,${session},${close},${close + 1},${close - 1},${close},${volume}`

describe('a snapshot’s quality report', () => {
  it('of the sample finds its calendar, its splits and the fall that the vendor confirms', async () => {
    const { snapshotId } = await world.sync({ kind: 'sample' }, { dataset: 'sample' })
    const report = await read((await examine('sample', snapshotId!)).report)
    expect(report).toMatchObject({
      snapshotId,
      calendar: { name: 'XNYS', basis: 'exchange' },
      rows: 7174,
      expected: 7174,
      present: 7174,
      tally: { explainedJumps: { action: 3, 'adjusted-close': 1, approval: 0 }, reversals: 0, unexplainedJumps: 0 },
      disagreements: { total: 0 },
      quarantine: { rows: 0, reasons: [] },
    })
    expect(report.moves.shown.find(({ explainedBy }) => explainedBy === 'adjusted-close')).toMatchObject({
      symbol: 'AAPL',
      session: '2000-09-29',
    })
  })

  it('tells the rows that its sync refused, by reason without its figures', async () => {
    const text = [
      'symbol,session,open,high,low,close,volume',
      row('2008-06-02', 100),
      row('2008-06-03', 101, -5),
      row('2008-06-04', 102, -77),
      row('2008-06-05', Number.NaN),
      row('2008-06-06', 103),
      row('2008-06-09', 104),
      row('2008-06-10', 103),
    ].join('\n')
    const { snapshotId } = await world.sync(await world.csv(text), { dataset: 'refused' })
    const { quarantine, findings, gaps } = await read((await examine('refused', snapshotId!)).report)
    expect(quarantine.rows).toBe(3)
    expect(quarantine.reasons).toEqual([
      {
        reason: 'volume … is negative',
        rows: 2,
        example: { file: 'bars.csv', line: 3, reason: 'volume -5 is negative', raw: row('2008-06-03', 101, -5) },
      },
      expect.objectContaining({ reason: 'open … is not finite', rows: 1 }),
    ])
    expect(findings.map(({ kind }) => kind)).toEqual(['gaps', 'quarantine'])
    expect(gaps.shown).toEqual([{ symbol: 'AAA', from: '2008-06-03', to: '2008-06-05', sessions: 3 }])
  })

  it('is computed once: asked for again it is found, and computed again it is the same object', async () => {
    const { id } = await landSnapshot(world, 'once', [walkBars('AAA', 80, 1), walkBars('BBB', 60, 2)])
    const first = await examine('once', id)
    await expect(examine('once', id)).resolves.toEqual(first)
    await world.db.delete(snapshotQuality)
    await expect(Promise.all([examine('once', id), examine('once', id)])).resolves.toEqual([first, first])
    await expect(findQualityReport(world.db, { dataset: 'once', snapshotId: id, engineVersion: qualityEngineVersion })).resolves.toEqual(
      first.report,
    )
  })

  it('needs a snapshot of that dataset', async () => {
    await expect(examine('once', 'f'.repeat(64))).rejects.toMatchObject({ code: 'snapshot_not_found' })
    const { id } = await landSnapshot(world, 'other', [walkBars('CCC', 10, 3)])
    await expect(examine('once', id)).rejects.toMatchObject({ code: 'snapshot_not_found' })
  })

  it('gives up between two symbols when it is cancelled', async () => {
    const { examineSnapshot } = await import('#activities/quality/examine-snapshot.ts')
    const { id } = await landSnapshot(world, 'cancelled', [walkBars('DDD', 10, 4)])
    const cancelled = AbortSignal.abort(new Error('shut down'))
    await expect(examineSnapshot(world, { dataset: 'cancelled', snapshotId: id }, cancelled)).rejects.toThrow('shut down')
  })
})
