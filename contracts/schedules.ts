/** Standing orders to sync a dataset. Temporal owns them: it fires them, and its own page shows them. */
import { z } from 'zod'
import { cronFault } from '#domain/schedules/cron.ts'
import { Id, Line, Name, Timestamp } from './words.ts'

/** Five fields of cron, as in `30 18 * * mon-fri`. */
export const CronExpression = z
  .string()
  .max(200)
  .superRefine((text, context) => {
    const fault = cronFault(text)
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
  })

/** A name of the IANA database, as in `America/New_York`: an offset would be wrong for half of the year. */
export const TimeZone = z
  .string()
  .max(64)
  .refine(
    (name) => /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name) && isTimeZone(name),
    'a time zone by its IANA name, as America/New_York',
  )

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** When it fires: by the calendar of a place, or evenly. */
export const Cadence = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('cron'), expression: CronExpression, timeZone: TimeZone.default('America/New_York') }),
  z.strictObject({
    kind: z.literal('interval'),
    everySeconds: z
      .int()
      .min(10)
      .max(31 * 86_400),
  }),
])
export type Cadence = z.infer<typeof Cadence>

export const CreateScheduleRequest = z.strictObject({ name: Name, dataset: Name, cadence: Cadence })
export type CreateScheduleRequest = z.infer<typeof CreateScheduleRequest>

const longestBackfillMs = 366 * 86_400_000

/** Fires as often as it would have between the two times. */
export const BackfillRequest = z
  .strictObject({ from: Timestamp, to: Timestamp, reason: Line.max(500).optional() })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), 'from must be before to')
  .refine(({ from, to }) => Date.parse(to) - Date.parse(from) <= longestBackfillMs, 'from and to are at most 366 days apart')
export type BackfillRequest = z.infer<typeof BackfillRequest>

/** One firing: `workflowId` is that of `requestSync`, which starts the sync or joins the one that runs. */
export const ScheduleFiring = z.strictObject({ scheduledAt: Timestamp, firedAt: Timestamp, workflowId: z.string() })
export type ScheduleFiring = z.infer<typeof ScheduleFiring>

export const Schedule = z.strictObject({
  name: Name,
  dataset: Name,
  cadence: Cadence,
  state: z.enum(['active', 'paused']),
  /** why it was paused or resumed, and by whom */
  note: z.string().nullable(),
  nextFirings: z.array(Timestamp),
  /** oldest first */
  lastFirings: z.array(ScheduleFiring),
  createdBy: z.string(),
})
export type Schedule = z.infer<typeof Schedule>

/** Input of `requestSync`: what a schedule starts. */
export const RequestSyncInput = z.strictObject({ schedule: Name, dataset: Name })
export type RequestSyncInput = z.infer<typeof RequestSyncInput>

/** `joined` says that another sync of the dataset was running already. */
export const RequestSyncResult = z.strictObject({ syncId: Id, joined: z.boolean() })
export type RequestSyncResult = z.infer<typeof RequestSyncResult>
