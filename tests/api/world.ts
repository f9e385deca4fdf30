import { createApp } from '#api/app.ts'
import type { Api, AppDependencies } from '#api/dependencies.ts'
import { Role } from '#contracts/access.ts'
import { createApiKey } from '#db/commands/identity/create-api-key.ts'
import { walkBars } from '#tests/support/bars.ts'
import { registerVersion } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { dataset as datasets } from '#db/schema.ts'
import { devTemporal } from '#tests/support/temporal.ts'

export type Ask = { key?: string | undefined; body?: unknown; headers?: Record<string, string>; raw?: string | ReadableStream<Uint8Array> }

export type ApiWorld = Awaited<ReturnType<typeof apiWorld>>

/** The app on a database, a namespace and a bucket of its own, with one key a role. No worker runs. */
export async function apiWorld(change: Partial<AppDependencies> = {}) {
  const [database, temporal, store] = await Promise.all([testDatabase(), devTemporal(), testObjectStore()])
  const deps: AppDependencies = {
    db: database.db,
    temporal: temporal.client,
    objects: store.objects,
    log: { error: () => {}, warn: () => {} },
    version: '0.0.0',
    clock: () => new Date(),
    ...change,
  }
  const app = createApp(deps)
  const keys = {} as Record<Role, string>
  for (const role of Role.options) keys[role] = (await createApiKey(database.db, { name: role, role, by: 'test' })).key
  return {
    app,
    deps,
    keys,
    temporal,
    ...store,
    db: database.db,
    databaseUrl: database.url,
    ask: asker(app, keys.admin),
    close: async () => {
      await temporal.close()
      await database.drop()
      await store.drop()
    },
  }
}

/** `ask('POST /api/v1/keys', { body })`: as admin unless a key is given; `key: undefined` sends none. */
export const asker =
  (app: Pick<Api, 'request'>, admin: string) =>
  async (line: string, options: Ask = {}) => {
    const [method, path] = line.split(' ') as [string, string]
    const key = 'key' in options ? options.key : admin
    const headers = new Headers(options.headers)
    if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
    if (options.body !== undefined) headers.set('content-type', 'application/json')
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
    const init: RequestInit & { duplex?: 'half' } = { method, headers, ...(body === undefined ? {} : { body, duplex: 'half' }) }
    const response = await app.request(path, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: (): any => JSON.parse(text) }
  }

/** A dataset with real rows and a registered model, so that requests for training and deployment pass. */
export async function furnish({ db, objects }: Pick<ApiWorld, 'db' | 'objects'>) {
  const snapshot = await landSnapshot({ db, objects }, 'us-daily', [walkBars('AAPL', 40, 1)])
  await db.update(datasets).set({ headSnapshotId: snapshot.id, lastSession: '2008-05-30' })
  return { snapshot, version: await registerVersion(db, objects, 'range-lightgbm') }
}

export const trainBody = {
  name: 'range-lightgbm',
  model: 'lightgbm',
  dataset: 'us-daily',
  features: 'technical',
  label: { expression: 'Log(Ref($high,-1)/Ref($low,-1)+0.001)' },
  segments: {
    train: { from: '2003-01-02', to: '2006-03-01' },
    earlyStopping: { from: '2006-03-03', to: '2006-12-29' },
    test: { from: '2007-01-03', to: '2008-05-30' },
  },
}
