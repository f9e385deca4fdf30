/**
 * Circular block bootstrap (Politis and Romano 1992; Künsch 1989 without the circle) of sessions: a resampled series is
 * made of blocks that follow each other in the original, so what lasts for less than a block lasts there too. Behind the
 * last session comes the first one, which makes every session as likely as any other. O(length).
 */
import type { WholeNumbers } from './random.ts'

/** Fills `into` with row numbers of an original of `sessions` rows, in blocks of `blockSessions`; the last one is cut. */
export function resampleBlocks(into: Int32Array, sessions: number, blockSessions: number, random: WholeNumbers): void {
  let row = 0
  for (let at = 0; at < into.length; at++) {
    row = at % blockSessions === 0 ? random(sessions) : row + 1
    if (row >= sessions) row -= sessions
    into[at] = row
  }
}
