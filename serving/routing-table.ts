import type { Logger } from 'pino'
import type { Endpoint, Route } from '#contracts/deployments.ts'
import { type ErrorCode, QuantloopError } from '#contracts/errors.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ServedModel } from './served-model.ts'
import { type Asker, type Held, Traffic } from './traffic.ts'

/** Trouble on the way to a model is tried again; what is wrong with the model itself refuses its revision. */
const transient: ReadonlySet<ErrorCode> = new Set(['unavailable', 'internal'])
const retryAfterMs = 2_000

type Refusal = { revision: number; reason: string }

/** A route that an endpoint names, under the revision by which it answers or would. */
type Wanted = { route: Route; revision: number }

type Slot = {
  known: Endpoint
  /** what requests are answered by */
  traffic: Traffic | undefined
  /** by deployment and content: what is active, prepared or previous, and what answers until its successor is loaded */
  models: Map<string, ServedModel>
  refusals: Map<string, Refusal>
  loading: Promise<void> | undefined
  retryAt: number
}

export type Acknowledgement = {
  ready: Record<string, number>
  active: Record<string, number>
  share: Record<string, number>
  refusal: Record<string, Refusal>
}

/** A model is warm when it has answered once; throws when it cannot be served. */
export type Warm = (model: ServedModel) => Promise<void>

/**
 * The endpoints as last read, and their models in memory. Loading happens beside answering: an endpoint goes on as it
 * does until what it shall answer by is ready, and switches between two requests. What answered before stays in memory,
 * so that going back to it is a switch like any other.
 */
export class RoutingTable {
  private readonly objects: ObjectStore
  private readonly warm: Warm
  private readonly logger: Logger
  private readonly slots = new Map<string, Slot>()

  constructor(objects: ObjectStore, warm: Warm, logger: Logger) {
    this.objects = objects
    this.warm = warm
    this.logger = logger
  }

  /** Takes in the table as PostgreSQL has it: switches what is loaded, and begins to load what is not. */
  follow(endpoints: Endpoint[]): void {
    const names = new Set(endpoints.map(({ name }) => name))
    for (const [name, slot] of this.slots) {
      if (names.has(name)) continue
      this.slots.delete(name)
      for (const model of slot.models.values()) model.retire()
    }
    for (const known of endpoints) {
      const slot = this.slots.get(known.name) ?? {
        known,
        traffic: undefined,
        models: new Map(),
        refusals: new Map(),
        loading: undefined,
        retryAt: 0,
      }
      this.slots.set(known.name, Object.assign(slot, { known }))
      this.settle(slot)
    }
  }

  /** What answers a request, held until `let`. @throws QuantloopError endpoint_not_found | endpoint_not_ready */
  hold(endpoint: string, asker: Asker = {}): Held {
    const slot = this.slots.get(endpoint)
    if (slot === undefined)
      throw new QuantloopError('endpoint_not_found', `there is no endpoint ${endpoint}: \`quantloop endpoints list\` shows those that are`)
    if (slot.traffic === undefined)
      throw new QuantloopError('endpoint_not_ready', `endpoint ${endpoint} has no model that is loaded: ${this.why(slot)}`)
    const held = slot.traffic.hold(asker)
    if (held === undefined)
      throw new QuantloopError(
        'endpoint_not_found',
        `endpoint ${endpoint} answers with ${slot.traffic.versions().join(' and ')}, not with ${asker.version}: leave the version out, or deploy it`,
      )
    return held
  }

  isReady(endpoint: string): boolean {
    return this.slots.get(endpoint)?.traffic !== undefined
  }

  /** An endpoint without an active route is none to wait for. */
  allReady(): boolean {
    return [...this.slots.values()].every(({ known, traffic }) => known.active === null || traffic !== undefined)
  }

  /** Whether an answer of this revision is of one that is no longer in force, for its successor could not be loaded yet. */
  isBehind(endpoint: string, revision: number): boolean {
    const slot = this.slots.get(endpoint)
    if (slot === undefined) return false
    const { known, traffic } = slot
    return revision !== known.activeRevision && revision !== traffic?.canary?.revision
  }

  /** Every route that a request may be answered by, now or after the next switch. */
  held(): Route[] {
    return [...this.slots.values()].flatMap(({ models }) => [...models.values()].map(({ route }) => route))
  }

  acknowledgement(): Acknowledgement {
    const all: Acknowledgement = { ready: {}, active: {}, share: {}, refusal: {} }
    for (const [name, { known, traffic, models, refusals }] of this.slots) {
      const isPrepared = known.prepared !== null && models.has(keyOf(known.prepared))
      const ready = isPrepared ? known.prepareRevision : traffic?.active.revision
      if (ready !== undefined) all.ready[name] = ready
      if (traffic) all.active[name] = traffic.active.revision
      if (traffic?.canary) all.share[name] = traffic.canary.share
      const refusal = [known.prepared, known.active].flatMap((route) => (route && refusals.get(keyOf(route))) ?? [])[0]
      if (refusal) all.refusal[name] = refusal
    }
    return all
  }

  /** What is being loaded has been, or has failed. */
  async loaded(): Promise<void> {
    for (;;) {
      const loads = [...this.slots.values()].flatMap(({ loading }) => loading ?? [])
      if (loads.length === 0) return
      await Promise.all(loads)
    }
  }

  close(): void {
    this.follow([])
  }

  private settle(slot: Slot): void {
    this.direct(slot)
    this.letGo(slot)
    const next = wantedBy(slot.known).find(({ route }) => !slot.models.has(keyOf(route)) && !slot.refusals.has(keyOf(route)))
    if (next === undefined || slot.loading !== undefined || Date.now() < slot.retryAt) return
    slot.loading = this.load(slot, next).finally(() => {
      slot.loading = undefined
      // what was loaded may have become the active one, or unwanted, meanwhile
      if (this.slots.get(slot.known.name) === slot) this.settle(slot)
      else for (const model of slot.models.values()) model.retire()
    })
  }

  /** Puts into force what the table says, as far as it is loaded; what answers goes on until its successor is. */
  private direct(slot: Slot): void {
    const { known, traffic } = slot
    const loaded = known.active && slot.models.get(keyOf(known.active))
    const active = loaded ? { model: loaded, revision: known.activeRevision } : traffic?.active
    if (active === undefined) return
    const prepared = known.share > 0 && known.prepared ? slot.models.get(keyOf(known.prepared)) : undefined
    const next = new Traffic(active, prepared && { model: prepared, revision: known.prepareRevision, share: known.share })
    if (next.equals(traffic)) return
    slot.traffic = next
    this.logger.info(
      { endpoint: known.name, revision: active.revision, model: active.model.route.model, share: next.canary?.share ?? 0 },
      'switched',
    )
  }

  private letGo({ known, traffic, models, refusals }: Slot): void {
    const wanted = new Set(wantedBy(known).map(({ route }) => keyOf(route)))
    for (const [key, model] of models) {
      if (wanted.has(key) || model === traffic?.active.model) continue
      models.delete(key)
      model.retire()
    }
    for (const key of refusals.keys()) if (!wanted.has(key)) refusals.delete(key)
  }

  private async load(slot: Slot, { route, revision }: Wanted): Promise<void> {
    const place = { endpoint: slot.known.name, revision, model: route.model }
    let model: ServedModel | undefined
    try {
      model = await ServedModel.load(this.objects, route)
      await this.warm(model)
      slot.models.set(keyOf(route), model)
      this.logger.info(place, 'loaded and warmed')
    } catch (error) {
      model?.retire()
      if (error instanceof QuantloopError && !transient.has(error.code))
        slot.refusals.set(keyOf(route), { revision, reason: error.message })
      else slot.retryAt = Date.now() + retryAfterMs
      this.logger.error({ ...place, err: error }, 'could not load a model')
    }
  }

  private why({ known, refusals, loading }: Slot): string {
    if (known.active === null) return 'nothing was deployed to it yet'
    const refusal = refusals.get(keyOf(known.active))
    if (refusal) return refusal.reason
    return loading ? 'it is being loaded, ask again in a moment' : 'its last try to load failed and is repeated'
  }
}

/** The active route comes before one that is only prepared, and what a rollback needs comes last. */
const wantedBy = ({ active, activeRevision, prepared, prepareRevision, previous }: Endpoint): Wanted[] => [
  ...(active ? [{ route: active, revision: activeRevision }] : []),
  ...(prepared ? [{ route: prepared, revision: prepareRevision }] : []),
  ...(previous ? [{ route: previous, revision: activeRevision }] : []),
]

const keyOf = ({ deploymentId, onnx, sidecar }: Route): string => `${deploymentId}/${onnx.sha256}/${sidecar.sha256}`
