/** Which requests a canary answers. `share` is its part of all requests, 0 to 1. */
import { createHash } from 'node:crypto'

/**
 * A unit's place in [0, 1), the same on every replica: it goes to the canary while its place lies below the share, so that
 * a share that rises takes nobody back. Salted by deployment, so that no unit is always the first to try what is new.
 */
export function placeOfUnit(deploymentId: string, unitId: string): number {
  const hash = createHash('sha256').update(deploymentId).update('\0').update(unitId).digest()
  return hash.readUIntBE(0, 6) / 2 ** 48
}

/**
 * Whether the `turn`th request since the share began, counted from 1, goes to the canary: spread evenly, so that of any
 * first n requests n · share do, to the nearest whole one.
 */
export const isCanaryTurn = (turn: number, share: number): boolean => Math.floor(turn * share + 0.5) > Math.floor((turn - 1) * share + 0.5)
