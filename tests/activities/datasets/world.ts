import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { createDatasetActivities } from '#activities/datasets.ts'
import type { Vendors } from '#activities/datasets/vendors/vendors.ts'
import type { ConnectorConfig, SyncInput, SyncResult } from '#contracts/datasets.ts'
import type { UploadRef } from '#contracts/references.ts'
import { testObjectStore, uploadRefOf } from '#tests/support/object-store.ts'
import { testDatabase, testServices } from '#tests/support/services.ts'
import { noVendors } from '#tests/support/vendors.ts'

export type DatasetTestWorld = Awaited<ReturnType<typeof datasetWorld>>

/** The sync's own activities on a database and a bucket of this test's own, called in the order of the workflow. */
export async function datasetWorld({ python = testServices().python, vendors = noVendors }: { python?: string; vendors?: Vendors } = {}) {
  const database = await testDatabase()
  const store = await testObjectStore()
  const { db } = database
  const { objects } = store
  const activities = createDatasetActivities({ db, objects, python, vendors })

  const inputOf = <C extends ConnectorConfig>(connector: C, dataset: string): SyncInput & { connector: C } => ({
    syncId: randomUUID(),
    dataset,
    connector,
    origin: { by: 'tests', bodySha256: '0'.repeat(64) },
  })

  return {
    db,
    objects,
    activities,
    inputOf,
    store,
    databaseUrl: database.url,

    /** Runs an activity as a worker would. */
    asActivity: <A extends unknown[], R>(activity: (...args: A) => Promise<R>, ...args: A): Promise<R> =>
      new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') }).run(activity, ...args) as Promise<R>,

    async upload(text: string | Uint8Array): Promise<UploadRef> {
      const body = Buffer.from(text)
      const { upload, url } = await objects.presignUpload()
      const answer = await fetch(url, { method: 'PUT', body })
      if (!answer.ok) throw new Error(`upload refused: ${answer.status}`)
      return uploadRefOf(upload, body)
    },

    async csv(text: string | Uint8Array, through?: string): Promise<Extract<ConnectorConfig, { kind: 'csv' }>> {
      return { kind: 'csv', upload: await this.upload(text), filename: 'bars.csv', ...(through === undefined ? {} : { through }) }
    },

    async sync(
      connector: ConnectorConfig,
      options: { dataset: string; verdict?: 'approve' | 'reject' },
    ): Promise<SyncResult & { held: number }> {
      const input = inputOf(connector, options.dataset)
      const { syncId } = input
      const { startedAt, head } = await activities.openSync(input)
      const parent = head?.manifest ?? null
      if (connector.kind === 'replay') {
        const release = { syncId, dataset: options.dataset, config: connector, head: parent, asOf: startedAt }
        const { manifest, held } = await this.asActivity(activities.releaseSession, { ...release, approved: false })
        if (held > 0 && options.verdict !== 'approve')
          return { ...(await activities.endSync({ syncId, state: 'rejected', failure: 'rejected by tests' })), held }
        const approved = held > 0 && (await this.asActivity(activities.releaseSession, { ...release, approved: true })).manifest
        return { ...(await activities.landSnapshot({ syncId, manifest: approved || manifest, parentId: head?.id ?? null })), held }
      }
      const { staged } = await this.asActivity(activities.importBars, { syncId, connector, asOf: startedAt, parent })
      const { examination, held } = await this.asActivity(activities.examineBars, { syncId, staged, parent })
      if (held > 0 && options.verdict !== 'approve')
        return { ...(await activities.endSync({ syncId, state: 'rejected', failure: 'rejected by tests' })), held }
      const manifest = await this.asActivity(activities.composeSnapshot, { staged, examination, approved: held > 0 })
      return { ...(await activities.landSnapshot({ syncId, manifest, parentId: head?.id ?? null })), held }
    },

    async drop(): Promise<void> {
      await database.drop()
      await store.drop()
    },
  }
}

/** The sample as text, with or without the vendor's column. */
export async function sampleText(
  path: string,
  options: { adjusted: boolean; symbols?: readonly string[]; through?: string },
): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  const { gunzipSync } = await import('node:zlib')
  const [header, ...lines] = gunzipSync(await readFile(path))
    .toString()
    .trimEnd()
    .split('\n')
  const kept = lines.filter((line) => {
    const [symbol, session] = line.split(',') as [string, string]
    return (options.symbols ?? ['AAPL', 'GOOG', 'IBM', 'MSFT']).includes(symbol) && session <= (options.through ?? '2008-05-30')
  })
  return [header!, ...kept].map((line) => (options.adjusted ? line : line.slice(0, line.lastIndexOf(',')))).join('\n')
}
