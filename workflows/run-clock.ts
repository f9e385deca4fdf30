/** Time spent working and time spent paused, in the workflow's own deterministic time. */
export class RunClock {
  private activeMs = 0
  private pausedMs = 0
  private since = Date.now()
  private stopped = false

  turn(paused: boolean): void {
    const { activeMs, pausedMs } = this.read()
    this.activeMs = activeMs
    this.pausedMs = pausedMs
    this.since = Date.now()
    this.stopped = paused
  }

  read(): { activeMs: number; pausedMs: number } {
    const elapsed = Date.now() - this.since
    return { activeMs: this.activeMs + (this.stopped ? 0 : elapsed), pausedMs: this.pausedMs + (this.stopped ? elapsed : 0) }
  }
}
