/** Which session a replay releases next, and when it must not: the calendar decides, and what contradicts it is told. */
import type { SnapshotManifest } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { xnys } from '#domain/calendar/calendars.ts'
import type { ReplayConfig, ReplaySource } from './replay-source.ts'

/** The symbols of a replay: those named, or else the head's. */
export const replayedSymbols = ({ symbols }: ReplayConfig, head: SnapshotManifest): string[] =>
  symbols ?? head.symbols.map(({ symbol }) => symbol)

/**
 * A replay goes on with the symbols of its head, and with those that are listed only later.
 * @throws QuantloopError conflict
 */
export function assertSameSymbols(head: SnapshotManifest, symbols: readonly string[], source: ReplaySource): void {
  const heads = new Set(head.symbols.map(({ symbol }) => symbol))
  const dropped = [...heads].filter((symbol) => !symbols.includes(symbol))
  const added = symbols.filter((symbol) => !heads.has(symbol) && source.firstSessions.get(symbol)! <= head.lastSession)
  if (dropped.length + added.length === 0) return
  const what = [dropped.length > 0 && `lacks ${dropped.join(', ')}`, added.length > 0 && `adds ${added.join(', ')}`]
  throw new QuantloopError(
    'conflict',
    `a replay goes on with the symbols of its head, and this one ${what.filter(Boolean).join(' and ')}: leave the symbols out, or sync the dataset anew with them`,
    { file: source.file, snapshot: head.id },
  )
}

/**
 * The one session after the head, or undefined when the last one to release has been released.
 * @throws QuantloopError invalid_request | source_malformed | source_empty
 */
export function nextRelease(source: ReplaySource, head: SnapshotManifest, asked: string | undefined): string | undefined {
  const { file } = source
  const end = source.sessions.at(-1)
  if (end === undefined) throw new QuantloopError('source_empty', `${file} has no bars of these symbols`, { file })
  if (asked !== undefined && asked < head.lastSession)
    throw new QuantloopError(
      'invalid_request',
      `${file} is to end at ${asked}, but its dataset holds ${head.lastSession} already: a replay goes forward only`,
      { file, session: asked },
    )
  const through = asked !== undefined && asked < end ? asked : end
  if (head.lastSession >= through) return undefined

  const expected = onTheCalendar(head.lastSession)
  const found = source.sessions.find((session) => session > head.lastSession)!
  if (found > through && expected > through) return undefined
  if (found < expected)
    throw new QuantloopError(
      'source_malformed',
      `${file} has bars of ${found}, on which ${xnys.name} had no session: neither it nor anything after it will be released`,
      { file, session: found },
    )
  if (found > expected)
    throw new QuantloopError(
      'source_malformed',
      `${file} has no bars of ${expected}, a session of ${xnys.name}, but of ${found}: nothing after ${head.lastSession} will be released`,
      { file, session: expected },
    )
  return found
}

function onTheCalendar(session: string): string {
  try {
    return xnys.nextSession(session)
  } catch (error) {
    throw new QuantloopError('conflict', `no replay after ${session}: ${(error as Error).message}`, { session }, { cause: error })
  }
}
