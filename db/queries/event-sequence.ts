/** One step of reading what happened: `ended` when nothing can follow. */
export type Reading<E> = { events: E[]; ended: boolean }

/**
 * Where a follower of a run stands: how many points it has seen, and which revision of the run's state. Both only rise,
 * and so does the one number that they make.
 */
export type Position = { points: number; revision: number }

const revisions = 1_000_000

export const sequenceOf = ({ points, revision }: Position): number => points * revisions + revision

export const positionOf = (sequence: number): Position => ({ points: Math.floor(sequence / revisions), revision: sequence % revisions })

/** A run's state is new with each entry of its journal, and once more when it ended. The first counts as 1. */
export const revisionOf = ({ journalSequence, endedAt }: { journalSequence: number; endedAt: string | null }): number =>
  journalSequence + (endedAt === null ? 1 : 2)

/**
 * Puts points and state in an order that can be told: the state that a run is in before the points of it, the end after
 * all of them. `more` says that there are further points, which come before an end.
 */
export function inOrder<P, S>(
  after: Position,
  points: readonly { at: number; event: P }[],
  state: { revision: number; ended: boolean; event: S },
  more: boolean,
): Reading<(P | S) & { sequence: number }> {
  const isNew = state.revision > after.revision
  const first = isNew && !state.ended
  const revision = first ? state.revision : after.revision
  const events: ((P | S) & { sequence: number })[] = points.map(({ at, event }) => ({
    sequence: sequenceOf({ points: at, revision }),
    ...event,
  }))
  if (first) events.unshift({ sequence: sequenceOf({ points: after.points, revision: state.revision }), ...state.event })
  if (isNew && state.ended && !more)
    events.push({ sequence: sequenceOf({ points: points.at(-1)?.at ?? after.points, revision: state.revision }), ...state.event })
  return { events, ended: state.ended && !more }
}
