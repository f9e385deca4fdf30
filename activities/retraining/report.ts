import type { Database } from '#db/client.ts'
import { raiseAlert } from '#db/commands/raise-alert.ts'
import { readSupervisedEndpoint } from '#db/queries/situation.ts'

/** What keeps an endpoint from being watched is told by alerts too: silence must not look like health. */

/** Once for each last session: nothing newer has landed for longer than the policy allows. */
export async function reportStaleData(db: Database, endpoint: string): Promise<void> {
  const seen = await readSupervisedEndpoint(db, endpoint)
  if (seen === undefined) return
  const { freshnessHours } = seen.supervision.policy
  if (seen.ageMs <= freshnessHours * 3_600_000) return
  const hours = Math.floor(seen.ageMs / 3_600_000)
  await raiseAlert(db, {
    endpoint,
    kind: 'stale-data',
    severity: 'warning',
    session: seen.lastSession,
    monitorId: null,
    summary: `The last snapshot of ${seen.supervision.dataset}, through ${seen.lastSession}, landed ${hours} hours ago; the policy allows ${freshnessHours}`,
    evidence: { snapshotId: seen.headSnapshotId, ageHours: hours, freshnessHours },
  })
}

/** Without features of the newest snapshot no session of it can be scored. */
export async function reportFailedBuild(
  db: Database,
  { endpoint, session, buildId, failure }: { endpoint: string; session: string; buildId: string; failure: string | null },
): Promise<void> {
  await raiseAlert(db, {
    endpoint,
    kind: 'no-labels',
    severity: 'critical',
    session,
    monitorId: null,
    summary: `The sessions through ${session} cannot be scored, for their feature build failed: ${failure ?? 'no reason was given'}`,
    evidence: { buildId, failure },
  })
}

/** Without walk-forward errors there is no threshold: decay goes unwatched until a calibration succeeds. */
export async function reportFailedCalibration(
  db: Database,
  {
    endpoint,
    model,
    session,
    failure,
  }: { endpoint: string; model: { name: string; version: number }; session: string; failure: string | null },
): Promise<void> {
  await raiseAlert(db, {
    endpoint,
    kind: 'calibration-failed',
    severity: 'critical',
    session,
    monitorId: null,
    summary: `Decay of ${model.name}@${model.version} is not watched, for its calibration failed: ${failure ?? 'no reason was given'}`,
    evidence: { model, failure },
  })
}
