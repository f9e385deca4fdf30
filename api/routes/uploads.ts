import type { Api, AppDependencies } from '../dependencies.ts'
import { answers, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'

const create = operation('operator', {
  method: 'post',
  path: '/api/v1/uploads',
  tags: ['datasets'],
  summary: 'An address that one file may be PUT to, for a limited time',
  description: 'Name the `upload` in the connector of a sync afterwards, with the SHA-256 and the count of the bytes that you sent.',
  responses: { 201: answers(schemas.UploadGrant, 'Where to PUT the bytes') },
})

export function uploads(app: Api, { objects }: AppDependencies): void {
  app.openapi(create, async (c) => c.json(await objects.presignUpload(), 201))
}
