import { afterEach, describe, expect, test } from 'vitest'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { once } from 'node:events'
import { createClient } from '#cli/client.ts'
import { fileBytes } from '#cli/local-bytes.ts'
import { upload } from '#cli/upload.ts'
import { uploadRefOf } from '#tests/support/object-store.ts'
import type { UploadResources } from '#cli/upload-resources.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let server: Server | undefined
afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined))))

type Answer = { status: number; body: string }

/** A server that gives these answers in turn, and remembers what it was asked. */
async function answering(...answers: (Answer | 'hang up')[]) {
  const asked: { line: string; headers: IncomingMessage['headers']; body: string }[] = []
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      asked.push({ line: `${request.method} ${request.url}`, headers: request.headers, body: Buffer.concat(chunks).toString() })
      const answer = answers.shift()
      if (answer === undefined || answer === 'hang up') request.socket.destroy()
      else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  const client = (patienceMs?: number) =>
    createClient({ apiUrl: url, servingUrl: url, apiKey: 'ql_key', ...(patienceMs === undefined ? {} : { patienceMs }) })
  return { url, asked, client }
}

const state = { status: 202, body: JSON.stringify({ phase: 'paused', step: 'fit', activeMs: 1, pausedMs: 2 }) }
const problem = (status: number, code: string) => ({
  status,
  body: JSON.stringify({ type: 'x', title: 'x', status, detail: 'what to do', code, place: { run: 'r1' } }),
})

describe('the client', () => {
  test('turns a problem into an error with its code, words and place', async () => {
    const { client } = await answering(problem(409, 'already_decided'))
    await expect(client().trainingRuns.tell('r1', 'approve')).rejects.toMatchObject({
      code: 'already_decided',
      message: 'what to do',
      place: { run: 'r1' },
    })
  })

  test('given patience, repeats a lost request under the same key', async () => {
    const { client, asked } = await answering('hang up', problem(503, 'unavailable'), state)
    expect((await client(30_000).trainingRuns.tell('r1', 'pause', 'why')).phase).toBe('paused')
    expect(asked.map(({ line }) => line)).toEqual(Array(3).fill('POST /api/v1/training-runs/r1/pause'))
    expect(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(asked[0]).toMatchObject({ headers: { authorization: 'Bearer ql_key' }, body: '{"reason":"why"}' })
  })

  test('without patience, or for what must not be repeated, asks once', async () => {
    const first = await answering('hang up', state)
    await expect(first.client().trainingRuns.tell('r1', 'pause')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(first.client(30_000).keys.create({ name: 'a', role: 'viewer' })).rejects.toMatchObject({ code: 'internal' })
    expect(first.asked.map(({ line }) => line)).toEqual(['POST /api/v1/training-runs/r1/pause', 'POST /api/v1/keys'])
  })

  test('refuses an answer that the contracts do not know', async () => {
    const { client } = await answering({ status: 200, body: '{"surprise":1}' }, { status: 502, body: '<html>' })
    await expect(client().datasets.find('a')).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('does not understand'),
    })
    await expect(client().datasets.find('a')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('escapes what people type', async () => {
    const { client, asked } = await answering(problem(404, 'not_found'))
    await expect(client().datasets.syncs('a/../b', { limit: 3, after: 'x&y' })).rejects.toMatchObject({ code: 'not_found' })
    expect(asked[0]!.line).toBe('GET /api/v1/datasets/a%2F..%2Fb/syncs?limit=3&after=x%26y')
  })
})

describe('an upload', () => {
  test('streams the whole file with its length, telling how far it is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'quantloop-upload-'))
    try {
      const path = join(folder, 'bars.csv')
      const text = 'symbol,date\n'.repeat(100_000)
      await writeFile(path, text)
      const { url, asked } = await answering({ status: 200, body: '' }, { status: 403, body: 'expired' })
      const seen: number[] = []
      const uploads = { create: async () => ({ upload: 'uploads/1', url: `${url}/uploads/1`, expiresInSeconds: 60 }) } as UploadResources
      expect(await upload(await fileBytes(path), uploads, (sent) => seen.push(sent))).toEqual(uploadRefOf('uploads/1', Buffer.from(text)))
      expect(asked[0]).toMatchObject({ line: 'PUT /uploads/1', headers: { 'content-length': String(text.length) } })
      expect(asked[0]!.body === text).toBe(true)
      expect(seen.length).toBeGreaterThan(1)
      expect(seen.at(-1)).toBe(text.length)
      await expect(upload(await fileBytes(path), uploads, () => {})).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('403 expired'),
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
