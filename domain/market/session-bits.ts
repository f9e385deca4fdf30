import { dayOf, sessionOf } from './session-days.ts'

/** Sessions as bits, one a day from the first on, lowest bit first. */
export function sessionBits(sessions: readonly string[]): Uint8Array {
  const first = dayOf(sessions[0]!)!
  const bits = new Uint8Array(((dayOf(sessions.at(-1)!)! - first) >> 3) + 1)
  for (const session of sessions) {
    const day = dayOf(session)! - first
    bits[day >> 3]! |= 1 << (day & 7)
  }
  return bits
}

/** The sessions that any of some sets of bits has, each from its own first session on; ascending. */
export function sessionsOf(sets: readonly { firstSession: string; bits: Uint8Array }[]): string[] {
  const days = new Set<number>()
  for (const { firstSession, bits } of sets) {
    const first = dayOf(firstSession)!
    for (let day = 0; day < bits.length * 8; day++) if ((bits[day >> 3]! >> (day & 7)) & 1) days.add(first + day)
  }
  return [...days].sort((a, b) => a - b).map(sessionOf)
}
