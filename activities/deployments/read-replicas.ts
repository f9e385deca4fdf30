import type { Database } from '#db/client.ts'
import { listLiveLeases } from '#db/queries/serving-leases.ts'

/** `ready`: loaded and warmed. `active`: answering with it. */
export type ReplicaTarget = { endpoint: string; revision: number; state: 'ready' | 'active' }

export type ReplicaReadiness = {
  verdict: 'reached' | 'refused' | 'waiting'
  live: number
  /** live replicas that are not there yet */
  waitingFor: string[]
  /** what the first replica that refuses says */
  refusal: string | null
}

/** How far the replicas are that live now: at least one must, and before the switch one refusal is enough. */
export async function readReplicas(db: Database, { endpoint, revision, state }: ReplicaTarget): Promise<ReplicaReadiness> {
  const live = await listLiveLeases(db)
  const refusing = state === 'active' ? undefined : live.find((lease) => lease.refusal[endpoint]?.revision === revision)
  const waitingFor = live.filter((lease) => lease[state][endpoint] !== revision).map((lease) => lease.replicaId)
  const readiness = { live: live.length, waitingFor, refusal: null }
  if (refusing)
    return { ...readiness, verdict: 'refused', refusal: `replica ${refusing.replicaId} refused: ${refusing.refusal[endpoint]?.reason}` }
  return { ...readiness, verdict: live.length > 0 && waitingFor.length === 0 ? 'reached' : 'waiting' }
}
