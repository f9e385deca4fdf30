/** The check of a set as a person asks for it, its page, and a person's word on what it suspects. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTrainingActivities } from '#activities/training.ts'
import { audit, dataset as datasets, featureCheck } from '#db/schema.ts'
import { runFeatures } from '#tests/api/worker.ts'
import { reachesOut, readPage } from '#tests/reports/read-page.ts'
import { walkBars } from '#tests/support/bars.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { cliWorld, type CliWorld, quantloop } from './world.ts'

let world: CliWorld
let endFeatures: () => Promise<void>
beforeAll(async () => {
  world = await cliWorld()
  endFeatures = await runFeatures(world)
  // volume is the return that comes next, as a spoilt source might have it
  const bars = Array.from({ length: 6 }, (_, at) => walkBars(`W${at}`, 120, 50 + at)).map((each) => ({
    ...each,
    volume: each.volume.map((_, row) => 1e6 * (1 + (each.close[row + 1] ?? 1) / each.close[row]!)),
  }))
  const { id } = await landSnapshot(world, 'spoilt', bars)
  await world.db.update(datasets).set({ headSnapshotId: id }).where(eq(datasets.name, 'spoilt'))
  const file = await world.file(
    'mine.yaml',
    'name: mine\nfeatures:\n  v: {expression: $volume, description: <b>Shares</b> that changed hands}\n  a: $close/$open\n  gap: $open/Ref($close,1)\n',
  )
  await world.run('features', 'add', file)
})
afterAll(async () => {
  await endFeatures?.()
  await world?.close()
})

const check = (...more: string[]) => world.run('features', 'check', 'mine', '--dataset', 'spoilt', ...more)

test('a leak is named and fails the command; a page tells it; an approver may accept it, and that is audited', async () => {
  expect(await check()).toMatchObject({ code: 1, err: expect.stringContaining('no build of mine over spoilt is ready') })
  const label = ['--label', 'Ref($close,-1)/$close-1', '--label-kind', 'cross-sectional']
  const build = (await world.run('features', 'build', 'mine', '--dataset', 'spoilt', ...label, '--json')).json().id
  const out = join(world.folder, 'check.html')
  const first = await check('--out', out, '--json')
  expect([first.code, first.json()]).toMatchObject([
    1,
    {
      buildId: build,
      verdict: 'refused',
      acceptedBy: null,
      leakage: {
        features: [
          { name: 'v', suspicious: true },
          { name: 'a', suspicious: false },
          { name: 'gap', suspicious: false },
        ],
      },
    },
  ])
  expect((await check()).out).toMatch(/verdict +refused[^]*v seems to know the label: its rank correlation with it is 1\.00/)

  const page = readPage(await readFile(out, 'utf8'))
  expect([page.faults, reachesOut(page)]).toEqual([[], []])
  for (const told of ['Check of mine@1 over spoilt', 'may not be trained on', 'v seems to know the label', 'How much history'])
    expect(page.text).toContain(told)

  const gate = (input: { buildId: string }) => createTrainingActivities(world).findFeatureCheck(input)
  expect(await gate({ buildId: build })).toMatchObject({ verdict: 'refused' })
  const accept = (key: string) => quantloop(world.as(key), 'features', 'approve', build, '--reason', 'volume is a forecast here', '--json')
  expect((await accept(world.keys.operator)).json().error.code).toBe('forbidden')
  expect((await accept(world.keys.approver)).json()).toMatchObject({ acceptedBy: 'approver', acceptedReason: 'volume is a forecast here' })
  expect(await gate({ buildId: build })).toEqual({ verdict: 'passed', reasons: [] })
  expect(
    await world.db
      .select()
      .from(audit)
      .where(eq(audit.subject, `feature-check/${build}`)),
  ).toMatchObject([{ action: 'accept', by: 'approver' }])
  expect((await check()).code).toBe(0)

  // with the test segment closed, the same is found, and the word on it stands
  expect((await check('--before', '2007-06-01', '--json')).json()).toMatchObject({
    acceptedBy: 'approver',
    leakage: { before: '2007-06-01' },
  })
  // another finding needs another word
  await world.db.update(featureCheck).set({ reasons: ['something else'] })
  expect((await check('--json')).json()).toMatchObject({ verdict: 'refused', acceptedBy: null })

  // what looks ahead is a fault
  await world.db.update(featureCheck).set({ looksAhead: true })
  expect((await accept(world.keys.approver)).json().error).toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('cannot be meant'),
  })
  await world.db.update(featureCheck).set({ verdict: 'passed', looksAhead: false })
  expect((await accept(world.keys.approver)).json().error.code).toBe('nothing_to_decide')
})

test('the page of the set tells each feature in words and figures, and loads nothing', async () => {
  const overview = (await world.run('features', 'page', 'mine', '--dataset', 'spoilt', '--json')).json()
  expect(overview).toMatchObject({
    dataset: 'spoilt',
    featureSet: { name: 'mine', version: 1, builtIn: false },
    check: { verdict: 'refused' },
    meanings: [
      { name: 'v', words: '<b>Shares</b> that changed hands', written: true },
      { name: 'a', words: 'the close over the open', written: false },
      { name: 'gap', words: 'the open over (the close 1 session ago)', written: false },
    ],
  })
  const out = join(world.folder, 'mine.html')
  expect((await world.run('features', 'page', 'mine', '--dataset', 'spoilt', '--out', out)).out).toMatch(/mine\.html \(\d+ KiB\)/)
  const text = await readFile(out, 'utf8')
  const page = readPage(text)
  expect([page.faults, reachesOut(page)]).toEqual([[], []])
  for (const told of [
    'mine@1 over spoilt',
    'Rank correlation with the label, by year',
    'Each with each',
    '<b>Shares</b> that changed hands',
    'The close over the open.',
    '$open/Ref($close,1)',
    'coverage 99.2 %',
    'How much history a feature needs',
  ])
    expect(page.text.replaceAll(/\s+/g, ' ')).toContain(told)
  expect(text).not.toContain('<b>Shares')
  expect(text.match(/class="histogram"/g)).toHaveLength(3)
  expect(await world.run('features', 'page', 'mine', '--dataset', 'us-daily')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no build of mine'),
  })
})
