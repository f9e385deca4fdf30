/** Schedules as Temporal holds them. Our own part of each stands in its memo. */
import { ScheduleNotFoundError, type Client, type ScheduleDescription, type ScheduleSummary } from '@temporalio/client'
import { nameOfSchedule, scheduleId } from '#contracts/ids.ts'
import { CreateScheduleRequest, type Schedule } from '#contracts/schedules.ts'

/** Temporal answers within this, or counts as away. */
const answerMs = 5_000
const shownFirings = 5

export async function findSchedule(client: Client, name: string): Promise<Schedule | undefined> {
  try {
    const described = await client.withDeadline(Date.now() + answerMs, () => client.schedule.getHandle(scheduleId(name)).describe())
    return scheduleOf(described)
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined
    throw error
  }
}

/** By name. One that was made or deleted a moment ago may be missing, or still be there: Temporal lists with a delay. */
export async function listSchedules(client: Client): Promise<Schedule[]> {
  return await client.withDeadline(Date.now() + answerMs, async () => {
    const schedules: Schedule[] = []
    for await (const summary of client.schedule.list()) {
      const schedule = scheduleOf(summary)
      if (schedule) schedules.push(schedule)
    }
    return schedules.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  })
}

/** Undefined for a schedule that somebody else made in the same namespace. */
function scheduleOf({ memo, state, info, scheduleId }: ScheduleDescription | ScheduleSummary): Schedule | undefined {
  const { by, commandId: _, ...rest } = memo ?? {}
  const request = CreateScheduleRequest.safeParse(rest)
  if (!request.success || !scheduleId.startsWith('schedule/') || nameOfSchedule(scheduleId) !== request.data.name) return undefined
  return {
    ...request.data,
    state: state.paused ? 'paused' : 'active',
    note: state.note || null,
    nextFirings: info.nextActionTimes.slice(0, shownFirings).map((at) => at.toISOString()),
    lastFirings: info.recentActions.slice(-shownFirings).map(({ scheduledAt, takenAt, action }) => ({
      scheduledAt: scheduledAt.toISOString(),
      firedAt: takenAt.toISOString(),
      workflowId: action.workflow.workflowId,
    })),
    createdBy: String(by),
  }
}
