/**
 * Segments of sessions for training, early stopping and test: disjoint, in that order, and purged.
 *
 * Purging: a row belongs to a segment only when the last session that its label reads lies before the next segment
 * (López de Prado, Advances in Financial Machine Learning, ch. 7). Reach and distance are counted in sessions of the
 * build's own calendar. The last segment (the test, or early stopping where there is none) is purged against its own
 * end, so that its rows do not depend on how much data came later.
 */
import { DomainError } from '../domain-error.ts'

export type SessionRange = { from: string; to: string }
export type Segments = { train: SessionRange; earlyStopping: SessionRange; test?: SessionRange | undefined }

/** @throws DomainError recipe_invalid, when segments overlap or stand in another order */
export function assertSegmentsOrdered(segments: Segments): void {
  const inOrder = segmentsInOrder(segments)
  inOrder.forEach(([name, range], index) => {
    if (range.from > range.to)
      throw new DomainError('recipe_invalid', `the segment ${name} begins on ${range.from}, after its end on ${range.to}`, {
        segment: name,
      })
    const [laterName, later] = inOrder[index + 1] ?? []
    if (later !== undefined && range.to >= later.from)
      throw new DomainError(
        'recipe_invalid',
        `the segment ${name} ends on ${range.to}, but ${laterName} begins on ${later.from}: segments must not overlap, and come in the order train, earlyStopping, test`,
        { segment: name },
      )
  })
}

/** The sessions of a segment whose labels end before `border` (exclusive), ascending; `sessions` is the calendar, ascending. */
export function purgedSessions(sessions: readonly string[], { from, to }: SessionRange, reach: number, border: string): string[] {
  const reachable = sessions.findIndex((session) => session >= border)
  const last = (reachable === -1 ? sessions.length : reachable) - 1 - reach
  return sessions.filter((session, index) => session >= from && session <= to && index <= last)
}

/** The sessions of a range whose labels end within it: how the last segment is purged. */
export const purgedWithin = (sessions: readonly string[], range: SessionRange, reach: number): string[] =>
  purgedSessions(
    sessions.filter((session) => session <= range.to),
    range,
    reach,
    '9999-12-31',
  )

/** @throws DomainError recipe_invalid | segment_empty, naming the segment and what the build covers */
export function assertSegmentsFilled(sessions: readonly string[], segments: Segments, reach: number): void {
  assertSegmentsOrdered(segments)
  const inOrder = segmentsInOrder(segments)
  inOrder.forEach(([name, range], index) => {
    const next = inOrder[index + 1]?.[1]
    const left = next === undefined ? purgedWithin(sessions, range, reach) : purgedSessions(sessions, range, reach, next.from)
    if (left.length > 0) return
    const { from, to } = range
    throw new DomainError(
      'segment_empty',
      `the segment ${name}, ${from} to ${to}, holds no session whose label (${reach} sessions ahead) ends in time; the build has ${sessions.length} sessions, ${sessions[0] ?? 'none'} to ${sessions.at(-1) ?? 'none'}: choose longer segments, or sync more data`,
      { segment: name, from, to },
    )
  })
}

const segmentsInOrder = ({ train, earlyStopping, test }: Segments): [name: keyof Segments, range: SessionRange][] => [
  ['train', train],
  ['earlyStopping', earlyStopping],
  ...(test === undefined ? [] : [['test', test] as [keyof Segments, SessionRange]]),
]
