import { createHash, randomUUID } from 'node:crypto'
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Client } from 'minio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectRef } from '#contracts/references.ts'
import { createObjectStore, ensureBucket } from '#storage/minio-object-store.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { dropBucket, uploadRefOf } from '#tests/support/object-store.ts'
import { testServices } from '#tests/support/services.ts'

const config = { ...testServices().objectStore, bucket: `test-${randomUUID()}` }
const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

let cacheDir: string
let objects: ObjectStore
let client: Client

beforeAll(async () => {
  await Promise.all([ensureBucket(config), ensureBucket(config)])
  cacheDir = await mkdtemp(join(tmpdir(), 'quantloop-cache-'))
  objects = createObjectStore(config, { cacheDir })
  const { hostname, port } = new URL(config.endpoint)
  client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, ...config })
})

afterAll(async () => {
  await rm(cacheDir, { recursive: true, force: true })
  await dropBucket(config)
})

/** A store whose cache is empty, so that it must ask the server. */
const withEmptyCache = async (work: (store: ObjectStore, folder: string) => Promise<void>) => {
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-cache-'))
  try {
    await work(createObjectStore(config, { cacheDir: folder }), folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const filesUnder = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())

describe('content-addressed objects', () => {
  it('stores bytes under their own hash, and once', async () => {
    const content = bytesOf('open,high,low,close')
    const ref = await objects.put(content, 'csv')
    const sha256 = createHash('sha256').update(content).digest('hex')
    expect(ref).toEqual({ uri: `objects/${sha256.slice(0, 2)}/${sha256}.csv`, sha256, bytes: content.length })
    expect(await objects.put(content, 'csv')).toEqual(ref)
    expect(textOf(await objects.get(ref))).toBe('open,high,low,close')
    expect(await objects.rehash(ref)).toBe(sha256)
  })

  it('stores a view on part of a buffer, and nothing', async () => {
    const ref = await objects.put(bytesOf('abcdef').subarray(2, 4), 'bin')
    expect(textOf(await objects.get(ref))).toBe('cd')
    expect(await objects.get(await objects.put(new Uint8Array(0), 'bin'))).toHaveLength(0)
  })

  it('refuses an object whose bytes are not those of its hash, and keeps nothing of it', async () => {
    const ref = await objects.put(bytesOf('true bytes'), 'bin')
    const altered = Buffer.from('true bytez')
    await client.putObject(config.bucket, ref.uri, altered, altered.length)
    await withEmptyCache(async (store, folder) => {
      await expect(store.get(ref)).rejects.toMatchObject({ code: 'object_corrupt', place: { object: ref.uri, expectedSha256: ref.sha256 } })
      await expect(store.file(ref)).rejects.toMatchObject({ code: 'object_corrupt' })
      await expect(store.fetch(ref)).rejects.toMatchObject({ code: 'object_corrupt' })
      expect(await store.rehash(ref)).toBe(createHash('sha256').update(altered).digest('hex'))
      expect(await filesUnder(folder)).toEqual([])
    })
  })

  it('names an object that is not there', async () => {
    const sha256 = createHash('sha256').update(randomUUID()).digest('hex')
    const ref: ObjectRef = { uri: `objects/${sha256.slice(0, 2)}/${sha256}.bin`, sha256, bytes: 36 }
    await expect(objects.get(ref)).rejects.toMatchObject({ code: 'object_missing', place: { object: ref.uri } })
    await expect(objects.file(ref)).rejects.toMatchObject({ code: 'object_missing' })
    await expect(objects.fetch(ref)).rejects.toMatchObject({ code: 'object_missing' })
    await expect(objects.rehash(ref)).rejects.toMatchObject({ code: 'object_missing' })
  })

  it('fetches bytes without leaving a copy', async () => {
    const ref = await objects.put(bytesOf('read once'), 'bin')
    await withEmptyCache(async (store, folder) => {
      expect(textOf(await store.fetch(ref))).toBe('read once')
      expect(await filesUnder(folder)).toEqual([])
    })
  })
})

describe('the local cache', () => {
  it('holds read-only copies that are served without the server', async () => {
    const ref = await objects.put(bytesOf('cached'), 'txt')
    const path = await objects.file(ref)
    expect((await stat(path)).mode & 0o777).toBe(0o444)
    await client.removeObject(config.bucket, ref.uri)
    expect(await objects.file(ref)).toBe(path)
    expect(textOf(await objects.get(ref))).toBe('cached')
    await expect(objects.rehash(ref)).rejects.toMatchObject({ code: 'object_missing' })
  })

  it('heals a copy that was altered on the disk', async () => {
    const ref = await objects.put(bytesOf('sound'), 'txt')
    const path = await objects.file(ref)
    await chmod(path, 0o644)
    await writeFile(path, 'sOund')
    expect(textOf(await readFile(await objects.file(ref)))).toBe('sound')
    await chmod(path, 0o644)
    await writeFile(path, '')
    expect(textOf(await objects.get(ref))).toBe('sound')
  })

  it('tells a disk that does not take a copy from a store that does not serve', async () => {
    const ref = await objects.put(bytesOf('nowhere to go'), 'txt')
    const blocked = join(cacheDir, 'blocked')
    await writeFile(blocked, '')
    const store = createObjectStore(config, { cacheDir: join(blocked, 'cache') })
    await expect(store.file(ref)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('content cache') })
  })

  it('leaves one sound file when many readers ask at once', async () => {
    const ref = await objects.put(new Uint8Array(300_000).fill(7), 'bin')
    await withEmptyCache(async (store, folder) => {
      const paths = await Promise.all(Array.from({ length: 8 }, () => store.file(ref)))
      expect(new Set(paths).size).toBe(1)
      expect(await filesUnder(folder)).toHaveLength(1)
    })
  })
})

describe('uploads', () => {
  it('takes a PUT at a presigned address, and streams it back', async () => {
    const { upload, url } = await objects.presignUpload()
    const answer = await fetch(url, { method: 'PUT', body: 'date,symbol\n' })
    expect(answer.status).toBe(200)
    const parts: Buffer[] = []
    for await (const part of await objects.readUpload(uploadRefOf(upload, bytesOf('date,symbol\n')))) parts.push(part as Buffer)
    expect(Buffer.concat(parts).toString()).toBe('date,symbol\n')
  })

  it.each<[string, string]>([
    ['altered', 'date,symbal\n'],
    ['cut short', 'date,'],
    ['longer', 'date,symbol\nmore'],
  ])('tells one that was %s in the store since its client sent it', async (_, stored) => {
    const { upload, url } = await objects.presignUpload()
    await fetch(url, { method: 'PUT', body: stored })
    const sent = uploadRefOf(upload, bytesOf('date,symbol\n'))
    await expect(text(await objects.readUpload(sent))).rejects.toMatchObject({
      code: 'object_corrupt',
      message: expect.stringContaining('upload the file again'),
      place: { object: upload, expectedSha256: sent.sha256 },
    })
  })

  it('refuses an address that was altered', async () => {
    const { url } = await objects.presignUpload()
    const answer = await fetch(url.replace(/uploads\/[0-9a-f-]{36}/, `uploads/${randomUUID()}`), { method: 'PUT', body: 'x' })
    expect(answer.status).toBe(403)
  })

  it('names an upload that never came', async () => {
    const { upload } = await objects.presignUpload()
    await expect(objects.readUpload(uploadRefOf(upload, bytesOf('')))).rejects.toMatchObject({
      code: 'object_missing',
      place: { object: upload },
    })
  })
})

describe('a store that does not serve', () => {
  it('says so for a wrong key', async () => {
    const store = createObjectStore({ ...config, secretKey: 'wrong' }, { cacheDir })
    await expect(store.put(bytesOf('x'), 'txt')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.health()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(ensureBucket({ ...config, secretKey: 'wrong' })).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('says so for a missing bucket', async () => {
    await objects.health()
    const store = createObjectStore({ ...config, bucket: `absent-${randomUUID()}` }, { cacheDir })
    await expect(store.health()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('no bucket') })
  })

  /** A server that does what `answer` does with every request. */
  const behind = async (answer: http.RequestListener, work: (store: ObjectStore, folder: string) => Promise<void>) => {
    const server = http.createServer(answer).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const folder = await mkdtemp(join(tmpdir(), 'quantloop-cache-'))
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      await work(createObjectStore({ ...config, endpoint }, { cacheDir: folder, silenceMs: 50 }), folder)
    } finally {
      server.closeAllConnections()
      server.close()
      await rm(folder, { recursive: true, force: true })
    }
  }

  const ref: ObjectRef = {
    uri: `objects/2c/${createHash('sha256').update('hello').digest('hex')}.txt`,
    sha256: createHash('sha256').update('hello').digest('hex'),
    bytes: 5,
  }

  it('gives up on a server that never answers', async () => {
    await behind(
      () => {},
      async (store) => {
        await expect(store.get(ref)).rejects.toMatchObject({ code: 'unavailable' })
        await expect(store.put(bytesOf('x'), 'txt')).rejects.toMatchObject({ code: 'unavailable' })
      },
    )
  })

  it('gives up on a body that stops half-way, and keeps nothing of it', async () => {
    await behind(
      (_, response) => void response.writeHead(200, { 'content-length': '5' }).write('hel'),
      async (store, folder) => {
        await expect(store.file(ref)).rejects.toMatchObject({ code: 'unavailable' })
        expect(await filesUnder(folder)).toEqual([])
      },
    )
  })

  it('does not take a cut connection for the end of an object', async () => {
    await behind(
      (_, response) => {
        response.writeHead(200, { 'content-length': '5' }).write('hel', () => response.destroy())
      },
      async (store, folder) => {
        await expect(store.file(ref)).rejects.toMatchObject({ code: 'unavailable' })
        expect(await filesUnder(folder)).toEqual([])
      },
    )
  })

  it('reads again when the answer was altered on its way', async () => {
    let answers = 0
    await behind(
      (_, response) => void response.end(answers++ === 0 ? 'hullo' : 'hello'),
      async (store) => {
        expect(textOf(await store.get(ref))).toBe('hello')
        expect(answers).toBe(2)
      },
    )
  })

  it('passes a server error on as one worth another try', async () => {
    await behind(
      (_, response) => void response.writeHead(503).end(),
      (store) => expect(store.get(ref)).rejects.toMatchObject({ code: 'unavailable' }),
    )
  })
})
