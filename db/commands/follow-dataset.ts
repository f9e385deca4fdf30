import type { Command } from '#contracts/commands.ts'
import type { LabelDefinition } from '#contracts/features.ts'
import type { Database } from '../client.ts'
import { standingBuild } from '../schema.ts'
import { auditOrder } from './audit-order.ts'

export type Following = {
  dataset: string
  definitionHash: string
  featureSet: string
  label: LabelDefinition
  universe?: string | undefined
}

/** From the next landing on, this definition is built by itself. Whoever follows already goes on doing so. */
export async function followDataset(db: Database, following: Following, command: Command): Promise<void> {
  const { dataset, definitionHash, featureSet } = following
  await db.transaction(async (tx) => {
    await tx
      .insert(standingBuild)
      .values({ ...following, requestedBy: command.by })
      .onConflictDoNothing()
    await auditOrder(tx, { action: 'follow', subject: `dataset/${dataset}`, detail: { featureSet, definitionHash } }, command)
  })
}
