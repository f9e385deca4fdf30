import { z } from '@hono/zod-openapi'
import { QuantloopError } from '#contracts/errors.ts'
import { type CompleteUploadRequest, MultipartId } from '#contracts/requests.ts'
import type { UploadUri } from '#contracts/references.ts'
import { Id } from '#contracts/words.ts'
import { groupBy } from '#domain/group-by.ts'
import type { StoredPart } from '#storage/multipart-uploads.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { answers, conflict, jsonBody, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const tags = ['datasets']
const byId = z.strictObject({ id: Id })

const begin = operation('operator', {
  method: 'post',
  path: '/api/v1/uploads/multipart',
  tags,
  summary: 'Begin the upload of a large file in parts',
  description:
    'Ask for the addresses of parts, PUT each, and complete the upload. It can go on after a break: the parts that are stored are listed. What is not completed within a day is forgotten.',
  request: jsonBody(schemas.BeginUploadRequest),
  responses: { 201: answers(schemas.BegunUpload, 'How to cut the file') },
})

const urls = operation('operator', {
  method: 'post',
  path: '/api/v1/uploads/{id}/urls',
  tags,
  summary: 'Addresses that parts may be PUT to, for an hour',
  request: { params: byId, ...jsonBody(schemas.PartUrlsRequest) },
  responses: { 200: answers(schemas.PartUrls, 'One address a part') },
})

const parts = operation('viewer', {
  method: 'get',
  path: '/api/v1/uploads/{id}/parts',
  tags,
  summary: 'The parts that are stored, with their MD5',
  request: { params: byId, query: z.strictObject({ uploadId: MultipartId }) },
  responses: { 200: answers(schemas.StoredParts, 'Parts by number'), ...notFound },
})

const complete = operation('operator', {
  method: 'post',
  path: '/api/v1/uploads/{id}/complete',
  tags,
  summary: 'Make one file of the parts',
  description: 'Refused unless the store has exactly the parts named here, with the same MD5 and as many bytes.',
  request: { params: byId, ...jsonBody(schemas.CompleteUploadRequest) },
  responses: {
    200: answers(schemas.CompletedUpload, 'Name the `upload` in the connector of a sync, with the SHA-256 of the whole'),
    ...notFound,
    ...conflict,
  },
})

const abort = operation('operator', {
  method: 'delete',
  path: '/api/v1/uploads/{id}/parts',
  tags,
  summary: 'Give the upload up and forget its parts',
  request: { params: byId, query: z.strictObject({ uploadId: MultipartId }) },
  responses: { 204: { description: 'Nothing of it is stored' }, ...notFound },
})

export function multipartUploads(app: Api, { objects }: AppDependencies): void {
  app.openapi(begin, async (c) => c.json(await objects.beginMultipart(c.req.valid('json').bytes), 201))

  app.openapi(urls, async (c) => {
    const { uploadId, numbers } = c.req.valid('json')
    const upload = uploadOf(c.req.valid('param').id)
    const presigned = numbers.map(async (number) => ({ number, url: await objects.presignPart(upload, uploadId, number) }))
    return c.json({ urls: await Promise.all(presigned) }, 200)
  })

  app.openapi(parts, async (c) => {
    const upload = uploadOf(c.req.valid('param').id)
    return c.json({ parts: await unlessGone(upload, objects.storedParts(upload, c.req.valid('query').uploadId)) }, 200)
  })

  app.openapi(complete, async (c) => {
    const upload = uploadOf(c.req.valid('param').id)
    const asked = c.req.valid('json')
    const stored = await unlessGone(upload, objects.storedParts(upload, asked.uploadId))
    await objects.completeMultipart(upload, asked.uploadId, matching(upload, asked, stored))
    return c.json({ upload, bytes: asked.bytes }, 200)
  })

  app.openapi(abort, async (c) => {
    const upload = uploadOf(c.req.valid('param').id)
    await unlessGone(upload, objects.abortMultipart(upload, c.req.valid('query').uploadId))
    return c.body(null, 204)
  })
}

const uploadOf = (id: string): UploadUri => `uploads/${id}`

/** An upload that the store does not know is the client's to begin again, and no fault of ours. */
async function unlessGone<T>(upload: UploadUri, asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof QuantloopError && error.code === 'object_missing')
      throw new QuantloopError('not_found', `there is no ${upload} in parts: it was completed, given up or never begun`, { upload })
    throw error
  }
}

/**
 * The stored parts that the client names. Some stores list a part that was sent twice twice, with both MD5s.
 * @throws QuantloopError conflict, naming the first part that differs
 */
function matching(upload: UploadUri, { bytes, parts: named }: CompleteUploadRequest, stored: readonly StoredPart[]): StoredPart[] {
  const refuse = (what: string, place: Record<string, number> = {}) =>
    new QuantloopError('conflict', `${upload} is not what was sent: ${what}`, { upload, ...place })
  const byNumber = groupBy(stored, ({ number }) => number)
  const found = named.map(({ number, md5 }) => {
    const sent = byNumber.get(number)
    byNumber.delete(number)
    if (sent === undefined) throw refuse(`part ${number} is not stored, send it`, { part: number })
    const part = sent.find((each) => each.md5 === md5)
    if (part === undefined) throw refuse(`part ${number} has the MD5 ${sent[0]!.md5} and not ${md5}, send it again`, { part: number })
    return part
  })
  for (const number of byNumber.keys()) throw refuse(`it has a part ${number} that was not named`, { part: number })
  const sum = found.reduce((total, part) => total + part.bytes, 0)
  if (sum !== bytes) throw refuse(`its parts have ${sum} bytes and not ${bytes}`)
  return found
}
