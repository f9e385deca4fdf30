import type { Logger } from 'pino'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '#db/client.ts'
import { recordServingTallies } from '#db/commands/record-serving-tallies.ts'
import { endServingLease, renewServingLease } from '#db/commands/renew-serving-lease.ts'
import { readRoutingTable } from '#db/queries/endpoints.ts'
import { readValidKeys } from '#db/queries/valid-keys.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { acceptsRow, checkOutputs } from './check-rows.ts'
import { FeatureRows } from './feature-rows.ts'
import { KeyRing } from './key-ring.ts'
import { type KnownState, loadKnownState, saveKnownState } from './known-state.ts'
import { RoutingTable } from './routing-table.ts'
import type { ServedModel } from './served-model.ts'
import { Tallies } from './tallies.ts'
import type { Asker, Held } from './traffic.ts'

export type ReplicaOptions = {
  db: Database
  objects: ObjectStore
  replicaId: string
  url: string
  /** file in which the state is kept for a start without PostgreSQL */
  knownStatePath: string
  logger: Logger
}

export const pollMs = 250
/** The lease is renewed at least as often, a fifth of its length. */
const renewEveryMs = 2_000
/** Heard of nothing for so long, the replica may have missed a switch. */
const staleAfterMs = 2_000
/** The gates of rollouts read what was answered; it is told at most as often. */
const tellEveryMs = 500
const warmRows = 100

/** Holds in memory all that answering needs, and follows PostgreSQL while it can be reached. */
export class Replica {
  readonly replicaId: string
  readonly routes: RoutingTable
  readonly features = new FeatureRows()
  readonly keys = new KeyRing()
  readonly tallies = new Tallies()
  private readonly options: ReplicaOptions
  private looking: Promise<void> | undefined
  private hinted = false
  private heardAt: number | undefined
  private reachable = false
  private renewedAt = 0
  private acknowledged = ''
  private toldAt = 0
  private saved = ''
  private informed = false
  private timer: NodeJS.Timeout | undefined
  private stopped = false

  constructor(options: ReplicaOptions) {
    this.options = options
    this.replicaId = options.replicaId
    this.routes = new RoutingTable(options.objects, (model) => this.warm(model), options.logger)
  }

  /** Takes up what a replica on this machine last knew. A damaged file is as none. */
  async restore(): Promise<void> {
    try {
      const state = await loadKnownState(this.options.knownStatePath)
      if (state === undefined) return
      this.features.restore(state.features)
      this.keys.replace(state.keys)
      this.routes.follow(state.endpoints)
      this.informed = true
      await this.routes.loaded()
    } catch (error) {
      this.options.logger.error({ err: error, path: this.options.knownStatePath }, 'the state kept on this machine cannot be used')
    }
  }

  /** Looks at PostgreSQL once; looks do not overlap. Failing ones leave everything as it is. */
  look(): Promise<void> {
    this.looking ??= this.lookOnce()
      .then(
        () => this.heard(true),
        (error: unknown) => this.heard(false, error),
      )
      .finally(() => (this.looking = undefined))
    return this.looking
  }

  /** Something has changed. A look under way may have read before it, so another one follows. */
  hint(): void {
    if (this.stopped || this.hinted) return
    if (this.looking === undefined) return void this.look()
    this.hinted = true
    void this.looking.then(() => {
      this.hinted = false
      if (!this.stopped) void this.look()
    })
  }

  /**
   * What answers a request, held until `let`. Where nothing does, the switch to it may be newer than the last look.
   * @throws QuantloopError endpoint_not_found | endpoint_not_ready
   */
  async hold(endpoint: string, asker: Asker = {}): Promise<Held> {
    if (!this.routes.isReady(endpoint)) await this.look()
    return this.routes.hold(endpoint, asker)
  }

  follow(): void {
    const again = () => {
      if (!this.stopped) this.timer = setTimeout(() => void this.look().then(again), pollMs)
    }
    again()
  }

  /** Cut off from PostgreSQL, so that another revision may be in force elsewhere. */
  isStale(endpoint: string, revision: number): boolean {
    const cutOff = !this.reachable || this.heardAt === undefined || Date.now() - this.heardAt > staleAfterMs
    return cutOff || this.routes.isBehind(endpoint, revision)
  }

  isReady(): boolean {
    return this.informed && !this.stopped && this.routes.allReady()
  }

  /** No longer ready, and no longer waited for by deployments. What is loaded goes on answering. */
  async leave(): Promise<void> {
    this.stopped = true
    clearTimeout(this.timer)
    await this.looking
    try {
      await endServingLease(this.options.db, this.replicaId)
    } catch (error) {
      this.options.logger.warn({ err: error }, 'the lease could not be ended, and runs out by itself')
    }
  }

  /** After the last answer: what was counted until then. */
  async tellAll(): Promise<void> {
    this.toldAt = 0
    try {
      await this.tell()
    } catch (error) {
      this.options.logger.warn({ err: error }, 'the last counts of answers could not be delivered')
    }
  }

  private async lookOnce(): Promise<void> {
    const { db } = this.options
    const startedAt = Date.now()
    const [endpoints, keys] = await Promise.all([readRoutingTable(db), readValidKeys(db)])
    this.keys.replace(keys)
    const routes = endpoints.flatMap(({ active, prepared, previous }) => [active, prepared, previous].filter((route) => route !== null))
    await this.features.refresh(db, [...routes, ...this.routes.held()])
    this.routes.follow(endpoints)
    this.informed = true
    await this.renew()
    await this.tell()
    await this.save({ endpoints, keys, features: this.features.held() })
    this.heardAt = startedAt
  }

  private heard(reachable: boolean, error?: unknown): void {
    if (this.reachable !== reachable)
      this.options.logger[reachable ? 'info' : 'warn'](
        { err: error },
        reachable ? 'follows PostgreSQL' : 'is cut off from PostgreSQL and goes on with what it knows',
      )
    this.reachable = reachable
  }

  private async renew(): Promise<void> {
    const acknowledgement = this.routes.acknowledgement()
    const content = JSON.stringify(acknowledgement)
    if (content === this.acknowledged && Date.now() - this.renewedAt < renewEveryMs) return
    await renewServingLease(this.options.db, { replicaId: this.replicaId, url: this.options.url, ...acknowledgement })
    this.acknowledged = content
    this.renewedAt = Date.now()
  }

  private async tell(): Promise<void> {
    if (Date.now() - this.toldAt < tellEveryMs) return
    const tallies = this.tallies.take(this.replicaId)
    try {
      await recordServingTallies(this.options.db, tallies)
      this.toldAt = Date.now()
    } catch (error) {
      this.tallies.untaken(tallies)
      throw error
    }
  }

  private async save(state: KnownState): Promise<void> {
    const content = JSON.stringify([state.endpoints, state.keys, this.features.version])
    if (content === this.saved) return
    await saveKnownState(this.options.knownStatePath, state)
    this.saved = content
  }

  /** One answer over the rows at hand, so that what clients will ask for first is known to work. */
  private async warm(model: ServedModel): Promise<void> {
    const width = model.sidecar.input.features
    const rows = this.features.rowsOf(model.route)
    for (const { symbol, values } of rows)
      if (values.length !== width)
        throw new QuantloopError(
          'incompatible_version',
          `the feature row of ${symbol} has ${values.length} values, the model reads ${width}`,
        )
    const asked = rows.filter(({ values }) => acceptsRow(model.sidecar, values)).slice(0, warmRows)
    if (asked.length === 0) return void (await model.predict(new Float32Array(width), 1))
    const values = new Float32Array(asked.length * width)
    for (const [index, row] of asked.entries()) values.set(row.values, index * width)
    checkOutputs(await model.predict(values, asked.length), (index) => asked[index]?.symbol ?? '')
  }
}
