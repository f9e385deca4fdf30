import type { Client } from '@temporalio/client'
import type { ApplyCommandInput } from '#contracts/orders.ts'
import type { Database } from '#db/client.ts'
import { acceptFeatureCheck } from '#db/commands/accept-feature-check.ts'
import { acknowledgeAlert } from '#db/commands/acknowledge-alert.ts'
import { followDataset } from '#db/commands/follow-dataset.ts'
import { noteSnapshot } from '#db/commands/note-snapshot.ts'
import { registerFeatureSet } from '#db/commands/register-feature-set.ts'
import { tagSnapshot, untagSnapshot } from '#db/commands/tag-snapshot.ts'
import { unfollowDataset } from '#db/commands/unfollow-dataset.ts'
import { rollBack } from './datasets/roll-back.ts'
import { createSchedule } from './schedules/create-schedule.ts'
import { deleteSchedule } from './schedules/delete-schedule.ts'
import { patchSchedule } from './schedules/patch-schedule.ts'

/** Changes of the domain that no running process is there to take, each with its audit row. Applying one again changes nothing. */
export const createOrderActivities = ({ db, client }: { db: Database; client: Client }) => ({
  async applyOrder({ order, command }: ApplyCommandInput): Promise<void> {
    switch (order.verb) {
      case 'acknowledge-alert':
        await acknowledgeAlert(db, { alertId: order.alertId, command })
        break
      case 'create-schedule':
        await createSchedule({ db, client }, order.schedule, command)
        break
      case 'delete-schedule':
        await deleteSchedule({ db, client }, order.name, command)
        break
      case 'pause-schedule':
      case 'resume-schedule':
      case 'trigger-schedule':
      case 'backfill-schedule':
        await patchSchedule({ db, client }, order, command)
        break
      case 'tag-snapshot':
        await tagSnapshot(db, order, command)
        break
      case 'untag-snapshot':
        await untagSnapshot(db, order, command)
        break
      case 'note-snapshot':
        await noteSnapshot(db, order, command)
        break
      case 'roll-back-dataset':
        await rollBack({ db, client }, order, command)
        break
      case 'follow-dataset': {
        const { verb: _, ...following } = order
        await followDataset(db, following, command)
        break
      }
      case 'unfollow-dataset':
        await unfollowDataset(db, order.dataset, order.definitionHash, command)
        break
      case 'accept-feature-check': {
        const { verb: _, ...acceptance } = order
        await acceptFeatureCheck(db, acceptance, command)
        break
      }
      case 'register-feature-set':
        await registerFeatureSet(db, order.set, command)
        break
      default:
        order satisfies never
    }
  },
})

export type OrderActivities = ReturnType<typeof createOrderActivities>
