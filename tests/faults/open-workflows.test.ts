import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { testServices } from '#tests/support/services.ts'
import { openWorkflows } from './open-workflows.ts'

const namespace = 'quantloop'
let connection: Connection

beforeAll(async () => {
  connection = await Connection.connect({ address: testServices().temporalAddress })
})

afterAll(async () => {
  await connection.close()
})

test('lists a workflow while it is open, and no longer when it has ended', async () => {
  const workflowId = `train/${randomUUID()}`
  const client = new Client({ connection, namespace })
  // no worker listens on this queue: the workflow stays open until it is terminated
  const handle = await client.workflow.start('trainModel', { workflowId, taskQueue: `faults-${randomUUID()}` })
  const open = () => openWorkflows({ address: testServices().temporalAddress, namespace })
  await vi.waitUntil(async () => (await open()).includes(workflowId), { timeout: 30_000 })
  await handle.terminate()
  await vi.waitUntil(async () => !(await open()).includes(workflowId), { timeout: 30_000 })
  expect((await handle.describe()).status.name).toBe('TERMINATED')
})
