import { and, desc, eq, sql } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { SetRegistration } from '#contracts/feature-sets.ts'
import { builtInNames } from '#domain/features/feature-sets.ts'
import type { Database } from '../client.ts'
import { featureSetVersion } from '../schema.ts'
import { auditOrder } from './audit-order.ts'

/**
 * Keeps a set as the next version of its name. Content that a version has already is left as it is, so that applying it
 * again changes nothing.
 * @throws QuantloopError already_exists when the name is of a set that comes with the program
 */
export async function registerFeatureSet(db: Database, set: SetRegistration, command: Command): Promise<void> {
  const { name, contentSha256 } = set
  if (builtInNames.includes(name))
    throw new QuantloopError('already_exists', `the set ${name} comes with the program and stays as it is: take another name`, {
      featureSet: name,
    })
  await db.transaction(async (tx) => {
    // versions of a name are counted by one at a time
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`feature-set/${name}`}, 0))`)
    const known = await tx
      .select({ version: featureSetVersion.version })
      .from(featureSetVersion)
      .where(and(eq(featureSetVersion.name, name), eq(featureSetVersion.contentSha256, contentSha256)))
    if (known.length > 0) return
    const [newest] = await tx
      .select({ version: featureSetVersion.version })
      .from(featureSetVersion)
      .where(eq(featureSetVersion.name, name))
      .orderBy(desc(featureSetVersion.version))
      .limit(1)
    const version = (newest?.version ?? 0) + 1
    await tx.insert(featureSetVersion).values({ ...set, version, registeredBy: command.by })
    await auditOrder(tx, { action: 'register', subject: `feature-set/${name}@${version}`, detail: { contentSha256 } }, command)
  })
}
