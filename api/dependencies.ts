import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Client } from '@temporalio/client'
import type { Logger } from 'pino'
import type { ApiKey } from '#contracts/access.ts'
import type { Database } from '#db/client.ts'
import type { MultipartUploads } from '#storage/multipart-uploads.ts'
import type { ObjectStore } from '#storage/object-store.ts'

/** The app's world. It has no port: tests call `app.request`. */
export type AppDependencies = {
  db: Database
  temporal: Client
  objects: Pick<ObjectStore, 'get' | 'presignUpload' | 'presignDownload' | 'health' | keyof MultipartUploads>
  log: Pick<Logger, 'error' | 'warn'>
  /** of the package, shown in the API's description */
  version: string
  clock: () => Date
}

/** `isStillAllowed` looks the caller's key up again: for connections that outlive a request. */
export type AppEnv = { Variables: { caller: ApiKey; isStillAllowed: () => Promise<boolean> } }

export type Api = OpenAPIHono<AppEnv>
