import { and, eq } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { featureCheck } from '../schema.ts'
import { auditOrder } from './audit-order.ts'

export type CheckAcceptance = { buildId: string; engineVersion: string; reason: string }

/**
 * A person's word that what a check suspects is meant. Saying it again changes nothing.
 * @throws QuantloopError not_found | nothing_to_decide | conflict when a feature looks ahead
 */
export async function acceptFeatureCheck(
  db: Database,
  { buildId, engineVersion, reason }: CheckAcceptance,
  command: Command,
): Promise<void> {
  await db.transaction(async (tx) => {
    const [check] = await tx
      .select()
      .from(featureCheck)
      .where(and(eq(featureCheck.buildId, buildId), eq(featureCheck.engineVersion, engineVersion)))
      .for('update')
    if (check === undefined) throw new QuantloopError('not_found', `the feature build ${buildId} was not checked`, { buildId })
    if (check.acceptedBy !== null) return
    if (check.verdict !== 'refused')
      throw new QuantloopError(
        'nothing_to_decide',
        `the check of the feature build ${buildId} ${check.verdict}: there is nothing to accept`,
        {
          buildId,
        },
      )
    if (check.looksAhead)
      throw new QuantloopError(
        'conflict',
        `a feature of ${buildId} looks ahead, which is a fault and cannot be meant: ${check.reasons[0]}`,
        {
          buildId,
        },
      )
    await tx
      .update(featureCheck)
      .set({ acceptedBy: command.by, acceptedReason: reason })
      .where(and(eq(featureCheck.buildId, buildId), eq(featureCheck.engineVersion, engineVersion)))
    await auditOrder(tx, { action: 'accept', subject: `feature-check/${buildId}`, detail: { reason, reasons: check.reasons } }, command)
  })
}
