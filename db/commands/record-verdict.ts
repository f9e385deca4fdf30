import { and, eq, isNull } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { audit, retrain } from '../schema.ts'

export type VerdictEntry = { retrainId: string; by: string; fallback: { runId: string; deploymentId: string } | null }

/** Who gave the verdict of a retrain, on what evidence, and whether the endpoint goes back to persistence. Once. */
export async function recordVerdict(tx: Executor, { retrainId, by, fallback }: VerdictEntry): Promise<void> {
  const [row] = await tx.select().from(retrain).where(eq(retrain.id, retrainId))
  if (row === undefined || row.verdict === null) return
  const { verdict, championName, championVersion, challengerName, challengerVersion, looks } = row
  const written = await tx
    .insert(audit)
    .values({
      by,
      action: 'verdict',
      subject: `retrain/${retrainId}`,
      commandId: retrainId,
      detail: {
        verdict,
        champion: `${championName}@${championVersion}`,
        challenger: `${challengerName}@${challengerVersion}`,
        evidence: looks.at(-1) ?? null,
        fallback,
      },
    })
    .onConflictDoNothing()
    .returning({ id: audit.id })
  if (written.length === 0 || fallback === null) return
  await tx
    .update(retrain)
    .set({ fallback })
    .where(and(eq(retrain.id, retrainId), isNull(retrain.endedAt)))
}
