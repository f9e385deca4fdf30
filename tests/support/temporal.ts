import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker'
import { searchAttributeNames } from '#contracts/search-attributes.ts'
import { recordHistories } from '../replay/record-histories.ts'
import { testServices } from './services.ts'

/** `temporal.api.enums.v1.IndexedValueType`'s KEYWORD */
const keyword = 2
const searchAttributes = Object.fromEntries(searchAttributeNames.map((name) => [name, keyword]))

let quiet: Runtime | undefined

/** Before any worker of a test file: only what went wrong is printed. Files that share a process share the runtime. */
export const quietRuntime = (): Runtime => (quiet ??= Runtime.install({ logger: new DefaultLogger('ERROR') }))

/** A server of this test's own, whose clock jumps over timers while somebody awaits a workflow's result. */
export async function timeSkippingTemporal(): Promise<TestWorkflowEnvironment> {
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: testServices().timeSkippingServer } },
  })
  // without them the first upsert would fail its workflow task for ever
  await environment.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes })
  const teardown = environment.teardown.bind(environment)
  environment.teardown = async () => {
    await recordHistories(environment.connection, 'default')
    await teardown()
  }
  return environment
}

export type DevTemporal = {
  namespace: string
  client: Client
  nativeConnection: NativeConnection
  /** on the workers' own connection, as their activities have it */
  workersClient: Client
  close(): Promise<void>
}

/** A namespace of this test's own on the real server: for what the time-skipping one lacks. */
export async function devTemporal(): Promise<DevTemporal> {
  const address = testServices().temporalAddress
  const namespace = `test-${randomUUID()}`
  const connection = await Connection.connect({ address })
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 } as never })
  // the server's caches learn of a namespace a moment later
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes })
      await connection.workflowService.listOpenWorkflowExecutions({ namespace, maximumPageSize: 1 })
      break
    } catch (error) {
      if (attempt === 100) throw error
      await delay(200)
    }
  }
  const nativeConnection = await NativeConnection.connect({ address })
  return {
    namespace,
    client: new Client({ connection, namespace }),
    nativeConnection,
    workersClient: new Client({ connection: nativeConnection, namespace }),
    close: async () => {
      await recordHistories(connection, namespace)
      await nativeConnection.close()
      await connection.close()
    },
  }
}
