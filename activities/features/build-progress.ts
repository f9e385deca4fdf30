/** The batch of a build that work belongs to. */
export type BatchOfBuild = { buildId: string; batch: number }

/**
 * Tells counts as they rise, one write at a time: those that rise meanwhile are told by the next. A count that cannot be
 * told is left to the next one, for no build fails for want of its bar.
 */
export class BuildProgress {
  private readonly write: (done: number) => Promise<void>
  private done = 0
  private told = -1
  private writing: Promise<void> | undefined

  constructor(write: (done: number) => Promise<void>) {
    this.write = write
  }

  advance(): void {
    this.done++
    this.writing ??= this.tell()
  }

  /** Returns once the newest count was told. */
  async settle(): Promise<void> {
    await (this.writing ??= this.tell())
  }

  private async tell(): Promise<void> {
    while (this.told < this.done) {
      this.told = this.done
      await this.write(this.told).catch(() => undefined)
    }
    this.writing = undefined
  }
}
