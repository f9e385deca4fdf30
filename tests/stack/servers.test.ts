import { Client as Temporal, Connection } from '@temporalio/client'
import { Client as S3 } from 'minio'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readStackFile } from '#config/stack-file.ts'
import { searchAttributeNames } from '#contracts/search-attributes.ts'
import { isRunning } from '#stack/process-identity.ts'
import { startServices, type ServiceAddresses } from '#stack/start-services.ts'
import { testServices } from '#tests/support/services.ts'
import { eventually, killed, temporaryFolder } from './program.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let services: Awaited<ReturnType<typeof startServices>>
let addresses: ServiceAddresses

beforeAll(async () => {
  folder = await temporaryFolder()
  services = await startServices({ stateDir: folder.path, python: testServices().python })
  addresses = services.addresses
})
afterAll(async () => {
  await services?.stop()
  const left = Object.values(readStackFile(folder.path)?.processes ?? {}).filter(({ pid }) => pid !== null)
  await folder.remove()
  expect(left).toEqual([])
})

/** Kills a server and waits until another process does its work. */
async function killServer(name: string): Promise<void> {
  const { pid, startedAt } = readStackFile(folder.path)!.processes[name]!
  const before = { pid: pid!, startedAt: startedAt! }
  await killed(before)
  await eventually(() => {
    const now = readStackFile(folder.path)!.processes[name]!
    return now.state === 'ready' && now.pid !== before.pid && isRunning({ pid: now.pid!, startedAt: now.startedAt! }) ? true : undefined
  })
}

async function sql<T extends pg.QueryResultRow>(statement: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: addresses.databaseUrl })
  await client.connect()
  try {
    return (await client.query<T>(statement)).rows
  } finally {
    await client.end()
  }
}

async function temporal<T>(use: (client: Temporal) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: addresses.temporalAddress })
  try {
    return await use(new Temporal({ connection, namespace: 'quantloop' }))
  } finally {
    await connection.close()
  }
}

const objects = () => {
  const { endpoint, region, accessKey, secretKey } = addresses.objectStore
  const { hostname, port } = new URL(endpoint)
  return new S3({ endPoint: hostname, port: Number(port), useSSL: false, region, accessKey, secretKey })
}

describe('the local servers', () => {
  it('PostgreSQL keeps what was committed over a kill, and lets nobody in without the password', async () => {
    await sql('create table kept (n int); insert into kept values (41)')
    await killServer('postgres')
    expect(await sql('select n from kept')).toEqual([{ n: 41 }])
    const stranger = new pg.Client({ connectionString: addresses.databaseUrl.replace(/:[^:@]+@/, ':wrong@') })
    await expect(stranger.connect()).rejects.toMatchObject({ code: '28P01' })
    expect(await sql('show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
  })

  it('Temporal keeps workflows over a kill, for thirty days, with every search attribute', async () => {
    await temporal((client) => client.workflow.start('waits', { workflowId: 'kept', taskQueue: 'nobody' }))
    await killServer('temporal')
    await temporal(async (client) => {
      expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING')
      const { config } = await client.workflowService.describeNamespace({ namespace: 'quantloop' })
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400)
      const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace: 'quantloop' })
      expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining([...searchAttributeNames]))
    })
  })

  it('the S3 store keeps objects over a kill, and refuses a wrong key', async () => {
    await objects().putObject('quantloop', 'kept', 'bytes')
    await killServer('object-store')
    const stream = await objects().getObject('quantloop', 'kept')
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('bytes')
    addresses = { ...addresses, objectStore: { ...addresses.objectStore, secretKey: 'wrong' } }
    await expect(objects().putObject('quantloop', 'refused', 'bytes')).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' })
  })
})
