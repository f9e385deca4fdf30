import { rm } from 'node:fs/promises'
import type { Logger } from 'pino'
import { QuantloopError } from '#contracts/errors.ts'
import type { PredictionRecord } from '#contracts/predictions.ts'
import { encodeFrame } from './frame.ts'
import { cutTornTail, listSegments, Segment } from './segment.ts'

export type PredictionLogOptions = {
  /** what may lie here unshipped; beyond it nothing is answered */
  capacityBytes: number
  segmentBytes: number
  syncEveryMs: number
}

export const predictionLogDefaults: PredictionLogOptions = { capacityBytes: 256 * 2 ** 20, segmentBytes: 4 * 2 ** 20, syncEveryMs: 100 }

type Waiting = { bytes: Buffer; resolve: () => void; reject: (error: unknown) => void }

/** No room on the disk, for us or at all. */
const fullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/**
 * Every answer of this replica, on the local disk before it is given: a kill loses none, a power cut at most
 * `syncEveryMs` of them. Records that arrive together are written together. Whoever ships them takes sealed segments
 * and removes them.
 */
export class PredictionLog {
  private readonly folder: string
  private readonly options: PredictionLogOptions
  private readonly logger: Logger
  private readonly sizes = new Map<string, number>()
  private readonly timer: NodeJS.Timeout
  private sequence: number
  private current: Segment | undefined
  private waiting: Waiting[] = []
  private turn: Promise<unknown> = Promise.resolve()
  private syncing: Promise<void> | undefined
  /** sealed segments that are still being synced */
  private readonly closing = new Set<Promise<void>>()
  /** on the disk and on the way there */
  private bytes = 0

  private constructor(folder: string, options: PredictionLogOptions, logger: Logger, sequence: number) {
    this.folder = folder
    this.options = options
    this.logger = logger
    this.sequence = sequence
    this.timer = setInterval(() => void this.sync(), options.syncEveryMs).unref()
  }

  /** Takes over what an earlier process left in the folder, which must be held under its lock. */
  static async open(folder: string, logger: Logger, options: PredictionLogOptions = predictionLogDefaults): Promise<PredictionLog> {
    const found = await listSegments(folder)
    const log = new PredictionLog(folder, options, logger, (found.at(-1)?.sequence ?? 0) + 1)
    for (const { path } of found) {
      const { bytes, cut } = await cutTornTail(path)
      if (cut > 0) logger.warn({ path, cut }, 'cut the unfinished end of a prediction log')
      log.sealed(path, bytes)
    }
    return log
  }

  get size(): number {
    return this.bytes
  }

  /** Sealed segments, oldest first. */
  get segments(): string[] {
    return [...this.sizes.keys()]
  }

  /** @throws QuantloopError prediction_log_full */
  assertRoom(bytes = 0): void {
    if (this.bytes + bytes <= this.options.capacityBytes) return
    throw new QuantloopError(
      'prediction_log_full',
      `the prediction log holds ${this.bytes} of ${this.options.capacityBytes} bytes that PostgreSQL has not taken: bring PostgreSQL back`,
    )
  }

  /**
   * Done when the records are written.
   * @throws QuantloopError prediction_log_full | unavailable; nothing may then be answered
   */
  async append(records: PredictionRecord[]): Promise<void> {
    const bytes = Buffer.concat(records.map(encodeFrame))
    this.assertRoom(bytes.length)
    this.bytes += bytes.length
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ bytes, resolve, reject })
      if (this.waiting.length === 1) void this.inTurn(() => this.write())
    })
  }

  /** Closes the segment under way, so that it can be shipped. */
  async seal(): Promise<void> {
    await this.inTurn(async () => this.sealCurrent())
  }

  async remove(path: string): Promise<void> {
    await rm(path)
    this.bytes -= this.sizes.get(path) ?? 0
    this.sizes.delete(path)
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    await this.seal()
    await Promise.all([this.syncing, ...this.closing])
  }

  private async write(): Promise<void> {
    const batch = this.waiting
    this.waiting = []
    try {
      this.current ??= await Segment.create(this.folder, this.sequence++)
      await this.current.write(Buffer.concat(batch.map(({ bytes }) => bytes)))
      for (const { resolve } of batch) resolve()
      if (this.current.bytes >= this.options.segmentBytes) this.sealCurrent()
    } catch (error) {
      this.logger.error({ err: error }, 'the prediction log could not be written')
      for (const { bytes } of batch) this.bytes -= bytes.length
      for (const { reject } of batch) reject(writeFailure(error))
      // nothing may follow a record that was half written
      this.sealCurrent()
    }
  }

  /** The disk may take its time: nobody waits for it, and the next record goes into a new segment. */
  private sealCurrent(): void {
    const segment = this.current
    if (segment === undefined) return
    this.current = undefined
    this.sizes.set(segment.path, segment.bytes)
    const closed = segment
      .seal()
      .catch((error: unknown) =>
        this.logger.error({ err: error, path: segment.path }, 'a segment of the prediction log could not be synced'),
      )
      .finally(() => this.closing.delete(closed))
    this.closing.add(closed)
  }

  private sync(): Promise<void> {
    this.syncing ??= (this.current?.sync() ?? Promise.resolve())
      .catch((error: unknown) => this.logger.error({ err: error }, 'the prediction log could not be synced'))
      .finally(() => (this.syncing = undefined))
    return this.syncing
  }

  private sealed(path: string, bytes: number): void {
    this.sizes.set(path, bytes)
    this.bytes += bytes
  }

  /** Writing and sealing take turns. Neither rejects. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.turn.then(work)
    this.turn = done
    return done
  }
}

function writeFailure(error: unknown): QuantloopError {
  const full = fullCodes.has((error as NodeJS.ErrnoException).code ?? '')
  const message = `the prediction could not be logged, so it is not answered: ${(error as Error).message}`
  return new QuantloopError(full ? 'prediction_log_full' : 'unavailable', message, {}, { cause: error })
}
