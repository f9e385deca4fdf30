import type { Logger } from 'pino'
import type { Endpoint, Route } from '#contracts/deployments.ts'
import { type ErrorCode, QuantloopError } from '#contracts/errors.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ServedModel } from './served-model.ts'

/** Trouble on the way to a model is tried again; what is wrong with the model itself refuses its revision. */
const transient: ReadonlySet<ErrorCode> = new Set(['unavailable', 'internal'])
const retryAfterMs = 2_000

type Refusal = { revision: number; reason: string }
type Slot = {
  known: Endpoint
  active: ServedModel | undefined
  prepared: ServedModel | undefined
  refusal: Refusal | undefined
  loading: Promise<void> | undefined
  retryAt: number
}

export type Acknowledgement = { ready: Record<string, number>; active: Record<string, number>; refusal: Record<string, Refusal> }

/** A model is warm when it has answered once; throws when it cannot be served. */
export type Warm = (model: ServedModel) => Promise<void>

/**
 * The endpoints as last read, and their models in memory. Loading happens beside answering: an endpoint goes on with
 * the revision that it has until the next one is ready, and switches between two requests.
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
      slot.active?.retire()
      slot.prepared?.retire()
    }
    for (const known of endpoints) {
      const slot = this.slots.get(known.name) ?? {
        known,
        active: undefined,
        prepared: undefined,
        refusal: undefined,
        loading: undefined,
        retryAt: 0,
      }
      this.slots.set(known.name, Object.assign(slot, { known }))
      this.settle(slot)
    }
  }

  /** The model that answers now, held until `let`. @throws QuantloopError endpoint_not_found | endpoint_not_ready */
  hold(endpoint: string): ReturnType<ServedModel['hold']> {
    const slot = this.slots.get(endpoint)
    if (slot === undefined)
      throw new QuantloopError('endpoint_not_found', `there is no endpoint ${endpoint}: \`quantloop endpoints list\` shows those that are`)
    if (slot.active === undefined)
      throw new QuantloopError('endpoint_not_ready', `endpoint ${endpoint} has no model that is loaded: ${this.why(slot)}`)
    return slot.active.hold()
  }

  isReady(endpoint: string): boolean {
    return this.slots.get(endpoint)?.active !== undefined
  }

  /** An endpoint without an active route is none to wait for. */
  allReady(): boolean {
    return [...this.slots.values()].every(({ known, active }) => known.active === null || active !== undefined)
  }

  /** Whether the endpoint answers with an older revision than the table's, for its own could not be loaded yet. */
  isBehind(endpoint: string, revision: number): boolean {
    return (this.slots.get(endpoint)?.known.activeRevision ?? revision) !== revision
  }

  known(): Endpoint[] {
    return [...this.slots.values()].map(({ known }) => known)
  }

  acknowledgement(): Acknowledgement {
    const all: Acknowledgement = { ready: {}, active: {}, refusal: {} }
    for (const [name, { active, prepared, refusal }] of this.slots) {
      const ready = prepared ?? active
      if (ready) all.ready[name] = ready.revision
      if (active) all.active[name] = active.revision
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
    const { known } = slot
    if (slot.prepared && slot.prepared.revision === known.activeRevision) {
      slot.active?.retire()
      slot.active = slot.prepared
      slot.prepared = undefined
      this.logger.info({ endpoint: known.name, revision: known.activeRevision, model: slot.active.route.model }, 'switched')
    }
    if (slot.prepared && slot.prepared.revision !== this.preparing(known)) {
      slot.prepared.retire()
      slot.prepared = undefined
    }
    const next = this.missing(slot)
    if (next === undefined || slot.loading !== undefined || Date.now() < slot.retryAt) return
    slot.loading = this.load(slot, next.revision, next.route).finally(() => {
      slot.loading = undefined
      // what was loaded may have become the active one, or unwanted, meanwhile
      if (this.slots.get(known.name) === slot) this.settle(slot)
      else slot.prepared?.retire()
    })
  }

  private preparing(known: Endpoint): number | undefined {
    return known.prepared === null ? undefined : known.prepareRevision
  }

  /** The active revision comes before one that is only prepared; a refused one is not tried again. */
  private missing({ known, active, prepared, refusal }: Slot): { revision: number; route: Route } | undefined {
    if (known.active && active?.revision !== known.activeRevision && refusal?.revision !== known.activeRevision)
      return { revision: known.activeRevision, route: known.active }
    if (known.prepared && prepared?.revision !== known.prepareRevision && refusal?.revision !== known.prepareRevision)
      return { revision: known.prepareRevision, route: known.prepared }
    return undefined
  }

  private async load(slot: Slot, revision: number, route: Route): Promise<void> {
    const place = { endpoint: slot.known.name, revision, model: route.model }
    let model: ServedModel | undefined
    try {
      model = await ServedModel.load(this.objects, revision, route)
      await this.warm(model)
      slot.prepared?.retire()
      slot.prepared = model
      slot.refusal = undefined
      this.logger.info(place, 'loaded and warmed')
    } catch (error) {
      model?.retire()
      if (error instanceof QuantloopError && !transient.has(error.code)) slot.refusal = { revision, reason: error.message }
      else slot.retryAt = Date.now() + retryAfterMs
      this.logger.error({ ...place, err: error }, 'could not load a model')
    }
  }

  private why({ known, refusal, loading }: Slot): string {
    if (known.active === null) return 'nothing was deployed to it yet'
    if (refusal?.revision === known.activeRevision) return refusal.reason
    return loading ? 'it is being loaded, ask again in a moment' : 'its last try to load failed and is repeated'
  }
}
