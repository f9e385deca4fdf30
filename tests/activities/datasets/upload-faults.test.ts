/** Uploads whose answers the network cuts or shortens: nothing of them is taken for the end of the file. */
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Client } from 'minio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importBars } from '#activities/datasets/import-bars.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { uploadRefOf } from '#tests/support/object-store.ts'
import { noVendors } from '#tests/support/vendors.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

let world: DatasetTestWorld
beforeAll(async () => void (world = await datasetWorld()))
afterAll(() => world.drop())

const key = 'uploads/00000000-0000-4000-8000-000000000000'
const header = 'date,symbol,open,high,low,close,volume'
const row = (day: number) => `2020-01-${String(day).padStart(2, '0')},A,10,11,9,10.5,100`
const file = [header, ...Array.from({ length: 20 }, (_, day) => row(day + 1))].join('\n')

/** Imports from a store that answers as `answer` does. */
async function importing(answer: (response: ServerResponse) => void, dataset: string) {
  const server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const store = createObjectStore({ ...world.store.config, endpoint }, { cacheDir: world.store.cacheDir })
    const input = world.inputOf({ kind: 'csv', upload: uploadRefOf(key, Buffer.from(file)), filename: 'bars.csv' } as const, dataset)
    await world.activities.openSync(input)
    return await importBars(
      { db: world.db, objects: world.objects, python: '', vendors: noVendors, readUpload: (upload) => store.readUpload(upload) },
      {
        syncId: input.syncId,
        config: input.connector,
        asOf: '2020-06-01T00:00:00Z',
        parent: null,
        cancelled: new AbortController().signal,
      },
    )
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

it('an upload that was altered in the store since it was sent is not imported, and the head stays', async () => {
  const { snapshotId } = await world.sync(await world.csv(file), { dataset: 'altered' })
  const connector = await world.csv(file)
  const { endpoint, bucket, ...keys } = world.store.config
  const { hostname, port } = new URL(endpoint)
  const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, ...keys })
  await client.putObject(bucket, connector.upload.uri, file.replace(',10.5,', ',10.6,'))
  await expect(world.sync(connector, { dataset: 'altered' })).rejects.toMatchObject({
    code: 'object_corrupt',
    message: expect.stringContaining('upload the file again'),
    place: { object: connector.upload.uri },
  })
  expect(await findDataset(world.db, 'altered')).toMatchObject({ headSnapshotId: snapshotId })
})

describe('an answer of the store', () => {
  it('is read to its end', async () => {
    const imported = await importing((response) => response.writeHead(200, { 'content-length': file.length }).end(file), 'whole')
    expect(imported).toMatchObject({ rows: 20, quarantined: 0 })
  })

  it.each<[string, (response: ServerResponse) => void]>([
    [
      'that is cut after a whole line',
      (response) => {
        response.writeHead(200, { 'content-length': file.length })
        response.write(file.slice(0, file.indexOf(row(10))), () => response.destroy())
      },
    ],
    [
      'that promises more than it has',
      (response) => {
        response.writeHead(200, { 'content-length': file.length + 50 })
        response.write(file, () => response.socket?.end())
      },
    ],
    [
      'in chunks that break off',
      (response) => {
        response.writeHead(200, { 'transfer-encoding': 'chunked' })
        response.write(file.slice(0, 300), () => response.destroy())
      },
    ],
  ])('%s is a fault worth another try, and the head stays', async (_, answer) => {
    const { snapshotId } = await world.sync(await world.csv(file), { dataset: 'cut' })
    await expect(importing(answer, 'cut')).rejects.toMatchObject({
      code: 'unavailable',
      place: { object: key },
    })
    expect(await findDataset(world.db, 'cut')).toMatchObject({ headSnapshotId: snapshotId })
  })
})
