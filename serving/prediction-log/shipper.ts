import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Database } from '#db/client.ts'
import type { PredictionLog } from './prediction-log.ts'
import { adoptFolders, shipPredictions } from './ship-predictions.ts'

const everyMs = 250
const afterFailureMs = 1_000
const adoptEveryMs = 10_000

/** Ships the log in the background while PostgreSQL can be reached, and now and then looks for folders left behind. */
export class PredictionShipper {
  private readonly db: Database
  private readonly log: PredictionLog
  private readonly root: string
  private readonly logger: Logger
  private readonly stopping = new AbortController()
  private running: Promise<void> = Promise.resolve()
  private adoptedAt = 0
  private failing = false

  constructor(db: Database, log: PredictionLog, root: string, logger: Logger) {
    this.db = db
    this.log = log
    this.root = root
    this.logger = logger
  }

  start(): void {
    this.running = this.loop()
  }

  /** Ships what is left, for `withinMs` at most: the rest stays on the disk for the next start. */
  async stop(withinMs: number): Promise<void> {
    this.stopping.abort()
    const last = this.running.then(() => this.ship())
    await Promise.race([last, delay(withinMs, undefined, { ref: false })])
  }

  private async loop(): Promise<void> {
    const { signal } = this.stopping
    while (!signal.aborted) {
      const shipped = await this.ship()
      await delay(shipped ? everyMs : afterFailureMs, undefined, { signal }).catch(() => {})
    }
  }

  private async ship(): Promise<boolean> {
    try {
      await shipPredictions(this.db, this.log)
      if (Date.now() - this.adoptedAt > adoptEveryMs) {
        await adoptFolders(this.db, this.root, this.logger)
        this.adoptedAt = Date.now()
      }
      this.failing = false
      return true
    } catch (error) {
      if (!this.failing) this.logger.warn({ err: error }, 'predictions cannot be shipped; they are kept on the disk meanwhile')
      this.failing = true
      return false
    }
  }
}
