/** Large files from the command line through the API's grants straight into a real store, in parts. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Client } from 'minio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '#cli/client.ts'
import { fileBytes } from '#cli/local-bytes.ts'
import { upload } from '#cli/upload.ts'
import type { UploadResources } from '#cli/upload-resources.ts'
import type { UploadRef } from '#contracts/references.ts'
import { uploadRefOf } from '#tests/support/object-store.ts'
import { apiWorld, type ApiWorld } from './world.ts'

let world: ApiWorld
let folder: string
let uploads: UploadResources
beforeAll(async () => {
  world = await apiWorld()
  folder = await mkdtemp(join(tmpdir(), 'quantloop-upload-'))
  const send = (url: string, init: RequestInit) => world.app.request(new URL(url).pathname + new URL(url).search, init)
  uploads = createClient({ apiUrl: 'http://api', servingUrl: 'http://serving', apiKey: world.keys.operator, fetch: send }).uploads
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await world.close()
})

const part = 16 * 2 ** 20
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, randomUUID())
  await writeFile(path, bytes)
  return path
}

const uploadFile = async (path: string, through: UploadResources, onProgress: Parameters<typeof upload>[2] = () => {}) =>
  await upload(await fileBytes(path), through, onProgress)

/** Reads it back, and answers whether it was named by these bytes and holds them. */
async function holds(sent: UploadRef, bytes: Uint8Array): Promise<boolean> {
  const read = await buffer(await world.objects.readUpload(sent))
  return sent.sha256 === createHash('sha256').update(bytes).digest('hex') && sent.bytes === bytes.length && read.equals(bytes)
}

describe('a file larger than a part', () => {
  test('arrives in parts, byte for byte, telling how far it is', async () => {
    const bytes = randomBytes(2 * part + 1_234)
    const seen: number[] = []
    const sent = await uploadFile(await fileOf(bytes), uploads, (soFar, total) => {
      expect(total).toBe(bytes.length)
      seen.push(soFar)
    })
    // parts go side by side
    expect(seen.map((soFar, i) => soFar - (seen[i - 1] ?? 0)).toSorted((a, b) => a - b)).toEqual([1_234, part, part])
    expect(await holds(sent, bytes)).toBe(true)
  })

  test('goes on from the parts that the store has, also in a later run, and sends a changed part again', async () => {
    const bytes = randomBytes(3 * part)
    const path = await fileOf(bytes)
    const time = new Date('2020-01-01')
    await utimes(path, time, time)
    const asked: number[] = []
    let mayAsk = 2
    const flaky: UploadResources = {
      ...uploads,
      urls: async (upload, uploadId, numbers) => {
        if (mayAsk-- <= 0) throw new Error('the line is gone')
        asked.push(...numbers)
        return await uploads.urls(upload, uploadId, numbers)
      },
    }
    await expect(uploadFile(path, flaky)).rejects.toThrow('the line is gone')
    // the same size and time, but another second part
    bytes.fill(7, part, part + 10)
    await writeFile(path, bytes)
    await utimes(path, time, time)
    mayAsk = 10
    const sent = await uploadFile(path, flaky)
    expect(asked).toEqual([1, 2, 2, 3])
    expect(await holds(sent, bytes)).toBe(true)
  })

  test('is begun anew when the store has forgotten it', async () => {
    const bytes = randomBytes(part)
    const path = await fileOf(bytes)
    let [begun, given] = [0, '']
    const counted: UploadResources = {
      ...uploads,
      begin: async (size) => {
        begun++
        return await uploads.begin(size)
      },
      complete: async (upload, body) => {
        if (begun === 1) {
          given = upload
          await world.ask(`DELETE /api/v1/${upload}/parts?uploadId=${encodeURIComponent(body.uploadId)}`)
          throw new Error('killed')
        }
        return await uploads.complete(upload, body)
      },
    }
    await expect(uploadFile(path, counted)).rejects.toThrow('killed')
    const sent = await uploadFile(path, counted)
    expect([begun, sent.uri === given]).toEqual([2, false])
    expect(await holds(sent, bytes)).toBe(true)
  })
})

describe('an upload in parts', () => {
  async function begun(...contents: Buffer[]) {
    const { upload, uploadId } = await uploads.begin(contents.reduce((sum, { length }) => sum + length, 0))
    const { urls } = await uploads.urls(
      upload,
      uploadId,
      contents.map((_, at) => at + 1),
    )
    for (const [at, { url }] of urls.entries()) expect((await fetch(url, { method: 'PUT', body: contents[at]! })).status).toBe(200)
    return { upload, uploadId }
  }

  test.each<[string, (parts: { number: number; md5: string }[]) => unknown, RegExp]>([
    ['another content', (parts) => ({ parts: [{ ...parts[0]!, md5: md5(Buffer.from('other')) }, parts[1]!] }), /part 1 has the MD5/],
    ['a part that is not stored', (parts) => ({ parts: [...parts, { number: 3, md5: parts[0]!.md5 }] }), /part 3 is not stored/],
    ['a part too few', (parts) => ({ parts: [parts[0]!] }), /has a part 2 that was not named/],
    ['a length that lies', (parts) => ({ parts, bytes: 5 * 2 ** 20 + 9 }), /parts have 5242885 bytes and not 5242889/],
  ])('is not completed with %s', async (_, change, message) => {
    const contents = [Buffer.alloc(5 * 2 ** 20, 1), Buffer.from('hello')]
    const { upload, uploadId } = await begun(...contents)
    const parts = contents.map((bytes, at) => ({ number: at + 1, md5: md5(bytes) }))
    const right = { uploadId, bytes: 5 * 2 ** 20 + 5, parts }
    const refused = await world.ask(`POST /api/v1/${upload}/complete`, { body: { ...right, ...(change(parts) as object) } })
    expect([refused.status, refused.json().code]).toEqual([409, 'conflict'])
    expect(refused.json().detail).toMatch(message)
    const whole = uploadRefOf(upload, Buffer.concat(contents))
    await expect(world.objects.readUpload(whole)).rejects.toMatchObject({ code: 'object_missing' })
    expect((await world.ask(`POST /api/v1/${upload}/complete`, { body: right })).status).toBe(200)
    expect(await holds(whole, Buffer.concat(contents))).toBe(true)
  })

  test('is forgotten when it is given up, and when nobody completed it for a day', async () => {
    const { bucket, endpoint, ...keys } = world.config
    const { hostname, port } = new URL(endpoint)
    const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, ...keys })
    const open = async () => {
      const found: string[] = []
      for await (const { key } of client.listIncompleteUploads(bucket, 'uploads/', true) as AsyncIterable<{ key: string }>) found.push(key)
      return found
    }
    const { upload, uploadId } = await begun(Buffer.from('hello'))
    const kept = await begun(Buffer.from('hello'))
    expect(await open()).toEqual(expect.arrayContaining([upload, kept.upload]))
    expect((await world.ask(`DELETE /api/v1/${upload}/parts?uploadId=${encodeURIComponent(uploadId)}`)).status).toBe(204)
    expect((await world.ask(`GET /api/v1/${upload}/parts?uploadId=${encodeURIComponent(uploadId)}`)).status).toBe(404)
    expect(await open()).not.toContain(upload)
    await world.objects.forgetStale(new Date(Date.now() + 60_000))
    expect(await open()).toEqual([])
    const again = await world.ask(`GET /api/v1/${kept.upload}/parts?uploadId=${encodeURIComponent(kept.uploadId)}`)
    expect([again.status, again.json().code]).toEqual([404, 'not_found'])
  })
})
