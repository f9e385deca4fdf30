import type { Scene } from './chapter.ts'
import { type LoadCount, OutsideLoad } from './outside-load.ts'
import type { Watching } from './watching.ts'

/** Between two requests of a client of the canary. */
const pauseMs = 25

/** While a challenger is rolled out, and only then, clients ask every replica; who answered them is counted. */
export class CanaryLoad {
  private readonly replicas: Scene['replicas']
  private readonly endpoint: string
  private load: OutsideLoad | undefined
  private retrainId = ''
  readonly counts = new Map<string, LoadCount>()

  constructor(replicas: Scene['replicas'], endpoint: string) {
    this.replicas = replicas
    this.endpoint = endpoint
  }

  async follow({ retrains }: Pick<Watching, 'retrains'>): Promise<void> {
    const rolling = retrains.find(({ state }) => state === 'rolling-out')
    if (rolling?.id === this.retrainId) return
    await this.end()
    if (rolling === undefined) return
    this.retrainId = rolling.id
    this.load = new OutsideLoad(this.replicas, this.endpoint, pauseMs)
  }

  async end(): Promise<void> {
    if (this.load !== undefined) this.counts.set(this.retrainId, await this.load.stop())
    this.load = undefined
    this.retrainId = ''
  }
}
