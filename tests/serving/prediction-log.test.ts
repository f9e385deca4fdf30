import { randomUUID } from 'node:crypto'
import { appendFile, copyFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PredictionRecord } from '#contracts/predictions.ts'
import { listPredictions } from '#db/queries/predictions.ts'
import { decodeFrames, encodeFrame } from '#serving/prediction-log/frame.ts'
import { PredictionLog, predictionLogDefaults } from '#serving/prediction-log/prediction-log.ts'
import { claimReplicaFolder, holdReplicaFolder } from '#serving/prediction-log/replica-folder.ts'
import { readSegment, Segment } from '#serving/prediction-log/segment.ts'
import { adoptFolders, shipPredictions } from '#serving/prediction-log/ship-predictions.ts'
import { testDatabase } from '#tests/support/services.ts'
import { quiet } from './serving-app.ts'

const record = (more: Partial<PredictionRecord> = {}): PredictionRecord => ({
  id: uuidv7(),
  endpoint: 'range',
  deploymentId: randomUUID(),
  revision: 1,
  model: { name: 'range', version: 1 },
  onnxSha256: 'a'.repeat(64),
  input: { kind: 'tensor', values: [1, null, -2.5], sha256: 'b'.repeat(64) },
  value: 0.1,
  unitId: null,
  stale: false,
  replicaId: 'replica-1',
  predictedAt: '2008-06-02T20:00:00.000Z',
  ...more,
})
const records = (count: number) => Array.from({ length: count }, () => record())
const idsOf = (all: PredictionRecord[]) => all.map(({ id }) => id)

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'quantloop-log-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const everyRecord = async (log: PredictionLog) => (await Promise.all(log.segments.map(readSegment))).flat()

describe('frames', () => {
  const framed = fc
    .array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 8 })
    .map((units) => units.map((unitId) => record({ unitId })))

  test('what is cut, zeroed or altered at any place leaves the records before it, and no other', () => {
    fc.assert(
      fc.property(framed, fc.nat(), fc.constantFrom('cut', 'zeroed', 'altered'), (all, seed, damage) => {
        const frames = all.map(encodeFrame)
        const bytes = Buffer.concat(frames)
        const at = seed % bytes.length
        let before = 0
        for (let end = 0; before < frames.length && end + frames[before]!.length <= at; before++) end += frames[before]!.length
        if (damage === 'altered') bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at)
        if (damage === 'zeroed') bytes.fill(0, at)
        const read = decodeFrames(damage === 'cut' ? bytes.subarray(0, at) : bytes)
        // zeros at the very end of a frame may be the zeros that stood there
        const whole = damage === 'zeroed' && bytes.equals(Buffer.concat(frames)) ? frames.length : before
        expect(idsOf(read.records)).toEqual(idsOf(all.slice(0, whole)))
      }),
      { numRuns: 300 },
    )
  })
})

describe('the log', () => {
  test('what was appended is there after a start, in order', async () => {
    const written = records(300)
    const log = await PredictionLog.open(root, quiet)
    await Promise.all(written.map((each) => log.append([each])))
    await log.close()
    expect(idsOf(await everyRecord(await PredictionLog.open(root, quiet)))).toEqual(idsOf(written))
  })

  test('a torn tail is cut at the start, and nothing is written behind it', async () => {
    const before = records(3)
    const log = await PredictionLog.open(root, quiet)
    await log.append(before)
    await log.close()
    const torn = log.segments[0]!
    const { size } = await stat(torn)
    await appendFile(torn, encodeFrame(record()).subarray(0, 50))

    const again = await PredictionLog.open(root, quiet)
    expect((await stat(torn)).size).toBe(size)
    const after = records(2)
    await again.append(after)
    await again.close()
    expect(again.segments).toHaveLength(2)
    expect(idsOf(await everyRecord(again))).toEqual(idsOf([...before, ...after]))
  })

  test('a full log takes nothing more until something was shipped', async () => {
    const [first, second] = [record(), record()]
    const size = encodeFrame(first).length
    const log = await PredictionLog.open(root, quiet, { ...predictionLogDefaults, capacityBytes: size + 10 })
    await log.append([first])
    await expect(log.append([second])).rejects.toMatchObject({ code: 'prediction_log_full' })
    await log.seal()
    await log.remove(log.segments[0]!)
    await log.append([second])
    await log.close()
    expect(idsOf(await everyRecord(log))).toEqual([second.id])
  })

  test('a large log goes on in another segment', async () => {
    const log = await PredictionLog.open(root, quiet, { ...predictionLogDefaults, segmentBytes: 1 })
    for (let i = 0; i < 3; i++) await log.append(records(1))
    await log.close()
    expect(log.segments).toHaveLength(3)
  })

  test('a write that fails half-way is not acknowledged, and damages nothing written later', async () => {
    const log = await PredictionLog.open(root, quiet)
    const [before, after] = [record(), record()]
    await log.append([before])
    const write = vi.spyOn(Segment.prototype, 'write').mockImplementationOnce(async function (this: Segment, bytes) {
      await appendFile(this.path, bytes.subarray(0, bytes.length / 2))
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    })
    await expect(log.append([record()])).rejects.toMatchObject({ code: 'prediction_log_full' })
    write.mockRestore()
    await log.append([after])
    await log.close()
    expect(idsOf(await everyRecord(log))).toEqual([before.id, after.id])
  })

  test('a log that cannot be written says so, and keeps no count of what it lost', async () => {
    const log = await PredictionLog.open(root, quiet)
    await rm(root, { recursive: true })
    await expect(log.append(records(1))).rejects.toMatchObject({ code: 'unavailable' })
    expect(log.size).toBe(0)
    await log.close()
  })
})

describe('folders', () => {
  test('are held by one at a time, and keep their name', async () => {
    const first = await claimReplicaFolder(root)
    const second = await claimReplicaFolder(root)
    expect(second.replicaId).not.toBe(first.replicaId)
    expect(await holdReplicaFolder(root, first.replicaId)).toBeUndefined()
    await first.release()
    const again = await claimReplicaFolder(root)
    expect(again.replicaId).toBe(first.replicaId)
    await Promise.all([second.release(), again.release()])
  })

  test('of twenty who want the same one gets it', async () => {
    await (await claimReplicaFolder(root)).release()
    const [name] = await readdir(root)
    const held = (await Promise.all(Array.from({ length: 20 }, () => holdReplicaFolder(root, name!)))).filter(
      (folder) => folder !== undefined,
    )
    expect(held).toHaveLength(1)
    await held[0]!.release()
  })

  test('a removed one can be held by nobody', async () => {
    const folder = await claimReplicaFolder(root)
    await folder.remove()
    expect(await holdReplicaFolder(root, folder.replicaId)).toBeUndefined()
  })
})

describe('shipping', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>
  beforeAll(async () => {
    database = await testDatabase()
  })
  afterAll(() => database.drop())

  const shippedOf = async (endpoint: string) => {
    const { items } = await listPredictions(database.db, { limit: 10_000, endpoint })
    return items
  }

  test('brings every record into PostgreSQL as it was, once, and removes what it shipped', async () => {
    const endpoint = `e-${randomUUID()}`
    const written = Array.from({ length: 4500 }, () => record({ endpoint }))
    const log = await PredictionLog.open(root, quiet)
    await log.append(written)
    await log.seal()
    const [segment] = log.segments
    await copyFile(segment!, join(root, '0000000009.log'))
    expect(await shipPredictions(database.db, log)).toBe(4500)
    expect(log.segments).toEqual([])
    expect(log.size).toBe(0)
    await log.close()

    const again = await PredictionLog.open(root, quiet)
    await shipPredictions(database.db, again)
    await again.close()
    const byId = (a: PredictionRecord, b: PredictionRecord) => a.id.localeCompare(b.id)
    expect((await shippedOf(endpoint)).sort(byId)).toEqual(written.sort(byId))
  })

  test('what cannot be shipped stays', async () => {
    const log = await PredictionLog.open(root, quiet)
    await log.append(records(2))
    const away = await testDatabase()
    await away.drop()
    await expect(shipPredictions(away.db, log)).rejects.toThrow('Failed query')
    expect(idsOf(await everyRecord(log))).toHaveLength(2)
    await log.close()
  })

  test('folders left behind are shipped and removed, held ones left alone', async () => {
    const endpoint = `e-${randomUUID()}`
    const [own, live, dead] = [await claimReplicaFolder(root), await claimReplicaFolder(root), await claimReplicaFolder(root)]
    for (const folder of [live, dead]) {
      const log = await PredictionLog.open(folder.path, quiet)
      await log.append([record({ endpoint, replicaId: folder.replicaId })])
      await log.close()
    }
    await dead.release()
    expect(await adoptFolders(database.db, root, quiet)).toBe(1)
    expect((await shippedOf(endpoint)).map(({ replicaId }) => replicaId)).toEqual([dead.replicaId])
    expect((await readdir(root)).sort()).toEqual([own.replicaId, live.replicaId].sort())
    await Promise.all([own.release(), live.release()])
  })
})
