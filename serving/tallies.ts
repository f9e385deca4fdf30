import { randomUUID } from 'node:crypto'
import { latencyBucketsMs } from '#contracts/deployments.ts'
import { type ErrorCode, QuantloopError } from '#contracts/errors.ts'
import type { ServingTally } from '#db/commands/record-serving-tallies.ts'
import { bucketOf } from '#domain/rollout/latency-histogram.ts'
import { emptyTally } from '#domain/rollout/tally.ts'

type Counts = Omit<ServingTally, 'replicaId' | 'incarnation' | 'deploymentId'>

/** The replica's own trouble, or a session that is not there yet: they say nothing of the version that was about to be asked. */
const notTheVersions: ReadonlySet<ErrorCode> = new Set(['prediction_log_full', 'feature_row_of_another_session'])

/** What this process has answered for each deployment since it started: the gates of rollouts read it from PostgreSQL. */
export class Tallies {
  private readonly incarnation = randomUUID()
  private readonly counts = new Map<string, Counts>()
  /** deployments whose counts PostgreSQL does not have yet */
  private readonly changed = new Set<string>()

  answered(deploymentId: string, values: readonly number[], milliseconds: number): void {
    const counts = this.request(deploymentId, milliseconds)
    if (counts.answers === 0) counts.origin = values[0] ?? 0
    for (const value of values) {
      const distance = value - counts.origin
      counts.answers++
      counts.sum += distance
      counts.sumOfSquares += distance * distance
    }
  }

  failed(deploymentId: string, error: unknown, milliseconds: number): void {
    const code = error instanceof QuantloopError ? error.code : 'internal'
    if (notTheVersions.has(code)) return
    const counts = this.request(deploymentId, milliseconds)
    counts.errors++
    if (code === 'output_not_finite') counts.nonFinite++
  }

  /** What changed since it was last taken. Hand it to `untaken` when it could not be written. */
  take(replicaId: string): ServingTally[] {
    const taken = [...this.changed].map((deploymentId) => {
      const counts = this.counts.get(deploymentId)!
      return { replicaId, incarnation: this.incarnation, deploymentId, ...counts, latencies: [...counts.latencies] }
    })
    this.changed.clear()
    return taken
  }

  untaken(tallies: readonly ServingTally[]): void {
    for (const { deploymentId } of tallies) this.changed.add(deploymentId)
  }

  private request(deploymentId: string, milliseconds: number): Counts {
    const counts = this.counts.get(deploymentId) ?? newCounts()
    this.counts.set(deploymentId, counts)
    this.changed.add(deploymentId)
    counts.requests++
    const bucket = bucketOf(latencyBucketsMs, milliseconds)
    counts.latencies[bucket] = (counts.latencies[bucket] ?? 0) + 1
    return counts
  }
}

function newCounts(): Counts {
  const { latencies, ...counts } = emptyTally(latencyBucketsMs.length + 1)
  return { ...counts, latencies: [...latencies] }
}
