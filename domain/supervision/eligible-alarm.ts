/**
 * Which alarm starts a retrain. Only session time counts: however late a supervisor looks, and however long an earlier
 * retrain took, it answers the same.
 */

export type Alarm = { id: string; session: string }

/**
 * The earliest alarm whose session lies more than `cooldownSessions` sessions after that of the last alarm that started
 * a retrain; earlier ones are alerts only. `alarms` are in the order of their sessions, as `calendar` is.
 */
export function eligibleAlarm<A extends Alarm>(
  alarms: readonly A[],
  { lastStarted, cooldownSessions, calendar }: { lastStarted: string | null; cooldownSessions: number; calendar: readonly string[] },
): A | undefined {
  return alarms.find(
    ({ session }) => lastStarted === null || (session > lastStarted && sessionsAfter(calendar, lastStarted, session) > cooldownSessions),
  )
}

/** Sessions of the calendar after the first and up to the second. */
const sessionsAfter = (calendar: readonly string[], first: string, second: string): number =>
  calendar.filter((session) => session > first && session <= second).length
