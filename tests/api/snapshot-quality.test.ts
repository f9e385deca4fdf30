/** The quality report of a snapshot, with the real workers behind it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { qualityWorkflowId } from '#contracts/ids.ts'
import { QualityReport } from '#contracts/quality.ts'
import { snapshotQuality } from '#db/schema.ts'
import { reachesOut, readPage } from '#tests/reports/read-page.ts'
import { walkBars } from '#tests/support/bars.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { quietRuntime } from '#tests/support/temporal.ts'
import { runExaminations, runOrchestration } from './worker.ts'
import { apiWorld, type ApiWorld } from './world.ts'

let world: ApiWorld
let id: string
const ends: (() => Promise<void>)[] = []
beforeAll(async () => {
  quietRuntime()
  world = await apiWorld()
  ends.push(await runOrchestration(world), await runExaminations(world))
  ;({ id } = await landSnapshot(world, 'us-daily', [walkBars('AAA', 80, 1), walkBars('BBB', 60, 2)]))
})
afterAll(async () => {
  for (const end of ends) await end()
  await world?.close()
})

const address = () => `GET /api/v1/datasets/us-daily/snapshots/${id}/quality`

test('is computed for the first who ask, once for all of them, and kept', async () => {
  const asked = await Promise.all([1, 2, 3].map(() => world.ask(address(), { key: world.keys.viewer })))
  expect(asked.map(({ status }) => status)).toEqual([200, 200, 200])
  const report = QualityReport.parse(asked[0]!.json())
  expect(report).toMatchObject({ snapshotId: id, rows: 140, symbols: [{ symbol: 'AAA' }, { symbol: 'BBB', status: 'ended' }] })
  expect(asked.map(({ text }) => text)).toEqual([asked[0]!.text, asked[0]!.text, asked[0]!.text])
  expect(await world.db.select().from(snapshotQuality)).toHaveLength(1)

  const workflow = world.temporal.client.workflow.getHandle(qualityWorkflowId('us-daily', id))
  const { runId } = await workflow.describe()
  expect((await world.ask(address())).text).toBe(asked[0]!.text)
  expect((await workflow.describe()).runId).toBe(runId)
})

test('is a page as well, which may load and run nothing', async () => {
  const { status, headers, text } = await world.ask(`${address()}/report`, { key: world.keys.viewer })
  expect(status).toBe(200)
  expect(headers.get('content-type')).toMatch(/^text\/html; charset=UTF-8$/i)
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'unsafe-inline';.* sandbox$/)
  const page = readPage(text)
  expect([page.faults, reachesOut(page)]).toEqual([[], []])
  for (const told of ['Quality of us-daily', id, 'What to look at', 'ends early']) expect(page.text).toContain(told)
})

test('of a snapshot that the dataset lacks there is none', async () => {
  for (const path of [
    address().replace('us-daily', 'other'),
    address().replace(id, 'f'.repeat(64)),
    `${address().replace('us-daily', 'other')}/report`,
  ]) {
    const { status, json } = await world.ask(path)
    expect([status, json().code]).toEqual([404, 'not_found'])
  }
})

test('an object that is not the report is a fault, not an answer', async () => {
  const wrong = await world.objects.put(Buffer.from('{}'), 'json')
  await world.db.update(snapshotQuality).set({ report: wrong })
  expect((await world.ask(address())).json()).toMatchObject({ code: 'object_corrupt' })
})
