import { Client, Connection } from '@temporalio/client'
import { searchAttributeNames } from '#contracts/search-attributes.ts'

/** INDEXED_VALUE_TYPE_KEYWORD */
const keyword = 2
/** gRPC NOT_FOUND */
const notFound = 5
const retentionDays = 30
const retentionSeconds = retentionDays * 86_400

/** The namespace with at least thirty days of closed histories, and every search attribute. Safe to repeat. */
export async function ensureNamespace(temporal: { address: string; namespace: string }): Promise<void> {
  const { address, namespace } = temporal
  const connection = await Connection.connect({ address, connectTimeout: '5 seconds' })
  try {
    const { workflowService, operatorService } = new Client({ connection, namespace }).connection
    const retention = { seconds: retentionSeconds as never }
    const found = await workflowService.describeNamespace({ namespace }).catch((error: { code?: number }) => {
      if (error.code === notFound) return undefined
      throw error
    })
    if (!found) await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: retention })
    else if (Number(found.config?.workflowExecutionRetentionTtl?.seconds ?? 0) < retentionSeconds)
      await workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: retention } })
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace })
    const missing = searchAttributeNames.filter((name) => !(name in (customAttributes ?? {})))
    if (missing.length > 0)
      await operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])) })
  } finally {
    await connection.close()
  }
}
