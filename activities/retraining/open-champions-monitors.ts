import { asQuantloopError, type ErrorCode } from '#contracts/errors.ts'
import type { Database } from '#db/client.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { type MonitorsAsked, openMonitors } from '../supervision/open-monitors.ts'
import { reportFailedCalibration } from './report.ts'

/** The data are too few for a threshold: no fault of this code, and no reason for a supervisor to end. */
const tooFew: ReadonlySet<ErrorCode> = new Set(['recipe_invalid', 'segment_empty'])

/** Opens the monitors of a champion. False, with an alert, when its walk-forward gives no threshold. */
export async function openChampionsMonitors(world: { db: Database; objects: ObjectStore }, asked: MonitorsAsked): Promise<boolean> {
  try {
    await openMonitors(world, asked)
    return true
  } catch (raised) {
    const error = asQuantloopError(raised)
    if (error === undefined || !tooFew.has(error.code)) throw raised
    const { endpoint, model, after } = asked
    await reportFailedCalibration(world.db, { endpoint, model, session: after, failure: error.message })
    return false
  }
}
