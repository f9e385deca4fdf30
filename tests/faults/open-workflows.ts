import { Client, Connection } from '@temporalio/client'

/** The ids of every workflow that runs now, as Temporal lists them. */
export async function openWorkflows(temporal: { address: string; namespace: string }): Promise<string[]> {
  const connection = await Connection.connect({ address: temporal.address })
  try {
    const ids: string[] = []
    const client = new Client({ connection, namespace: temporal.namespace })
    for await (const { workflowId } of client.workflow.list({ query: `ExecutionStatus = 'Running'` })) ids.push(workflowId)
    return ids
  } finally {
    await connection.close()
  }
}
