import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectRef } from '#contracts/references.ts'
import type {
  CompareInput,
  Comparison,
  ExportInput,
  ExportResult,
  UndoneInspection,
  VerifyInput,
  VerifyResult,
} from '#contracts/snapshots.ts'
import type { Database } from '#db/client.ts'
import { auditOrder } from '#db/commands/audit-order.ts'
import { keepInspection, keepUndoneInspection } from '#db/commands/keep-inspection.ts'
import { listKeptSnapshots } from '#db/queries/snapshots.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import type { SecondCopy } from '#storage/second-copy.ts'
import { putJson } from '#storage/put-json.ts'
import { interruptible } from './interruptible.ts'
import { keptSnapshot } from './kept-snapshot.ts'
import { compareSnapshots } from './snapshots/compare-snapshots.ts'
import { openSnapshot } from './snapshots/open-snapshot.ts'
import { SnapshotVerifier } from './snapshots/snapshot-verifier.ts'
import { lacksOf, writeExport } from './snapshots/write-export.ts'

type World = { db: Database; objects: ObjectStore; secondCopy: SecondCopy | undefined }

/** Looking into snapshots: what takes a while, and may be done again. Results that are large are objects; each leaves a row. */
export const createInspectionActivities = ({ db, objects, secondCopy }: World) => ({
  compareSnapshots: ({ comparisonId, before, after, by }: CompareInput): Promise<ObjectRef> =>
    interruptible(async (cancelled) => {
      const startedAt = new Date().toISOString()
      const sides = { before: await keptSnapshot(db, before), after: await keptSnapshot(db, after) }
      const comparison = await compareSnapshots(objects, sides, cancelled)
      const object = await putJson(objects, comparison)
      await keepInspection(db, {
        kind: 'comparison',
        id: comparisonId,
        dataset: before.dataset,
        snapshotIds: [before.snapshotId, after.snapshotId],
        result: { ...countsOf(comparison), object },
        requestedBy: by,
        startedAt,
      })
      return object
    }),

  exportSnapshot: ({ exportId, dataset, snapshotId, by, ...cut }: ExportInput): Promise<ExportResult> =>
    interruptible(async (cancelled) => {
      const startedAt = new Date().toISOString()
      const { manifest } = await keptSnapshot(db, { dataset, snapshotId })
      const reader = await openSnapshot(objects, manifest)
      const folder = await mkdtemp(join(tmpdir(), 'quantloop-export-'))
      try {
        const path = join(folder, 'bars')
        const written = await writeExport(objects, reader, cut, path, cancelled)
        const object = await objects.putFile(path, cut.format === 'qlib' ? 'tar' : cut.format)
        const result = { object, ...written, lacks: lacksOf(reader, cut) }
        await keepInspection(db, {
          kind: 'export',
          id: exportId,
          dataset,
          snapshotIds: [snapshotId],
          result: { ...result, asked: cut },
          requestedBy: by,
          startedAt,
        })
        return result
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    }),

  /** A repair is a change, and is audited. */
  verifySnapshots: ({ verificationId, dataset, snapshotId, repair, by }: VerifyInput): Promise<VerifyResult> =>
    interruptible(async (cancelled) => {
      const startedAt = new Date().toISOString()
      const all = await listKeptSnapshots(db, dataset)
      const verifier = new SnapshotVerifier({ objects, secondCopy }, { repair })
      const snapshots: VerifyResult['snapshots'] = []
      for (const { id, dataset: name, manifest } of all.filter(({ id }) => snapshotId === undefined || id === snapshotId)) {
        const { rows, chunks, damage } = await verifier.verify(manifest, cancelled)
        snapshots.push({ dataset: name, snapshotId: id, rows, chunks, sound: damage.every(({ repaired }) => repaired), damage })
      }
      const repaired = snapshots.flatMap(({ damage }) => damage.flatMap((each) => (each.repaired ? [each.name] : [])))
      if (repaired.length > 0) {
        const detail = { objects: [...new Set(repaired)] }
        await auditOrder(db, { action: 'repair', subject: `verification/${verificationId}`, detail }, { commandId: verificationId, by })
      }
      const { objects: read, bytes, copied } = verifier
      const sound = snapshots.every((each) => each.sound)
      const result = { sound, snapshots: snapshots.map(briefly), objects: read, bytes, secondCopy: secondCopy !== undefined, copied }
      await keepInspection(db, {
        kind: 'verification',
        id: verificationId,
        dataset: dataset ?? null,
        snapshotIds: snapshots.map((verified) => verified.snapshotId),
        result,
        requestedBy: by,
        startedAt,
      })
      return result
    }),

  keepUndone: (undone: UndoneInspection): Promise<void> => keepUndoneInspection(db, undone),
})

/** A workflow's result has room for some thousand faults, not for those of a store that is gone. */
const mostDamage = 50

const countsOf = ({ bars, symbols, actions }: Comparison) => ({
  bars,
  symbols: { added: symbols.added.length, removed: symbols.removed.length },
  actions: { added: actions.added.length, removed: actions.removed.length, changed: actions.changed.length },
})

const briefly = (snapshot: VerifyResult['snapshots'][number]) => ({ ...snapshot, damage: snapshot.damage.slice(0, mostDamage) })

export type InspectionActivities = ReturnType<typeof createInspectionActivities>
