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

export function sessionsOf(firstSession: string, bits: Uint8Array): string[] {
  const first = dayOf(firstSession)!
  const sessions: string[] = []
  for (let day = 0; day < bits.length * 8; day++) if ((bits[day >> 3]! >> (day & 7)) & 1) sessions.push(sessionOf(first + day))
  return sessions
}
