export type ClockReading = { activeMs: number; pausedMs: number }

/** Time spent working and time spent paused, in the workflow's own deterministic time. */
export class RunClock {
  private activeMs: number
  private pausedMs: number
  private since = Date.now()
  private stopped: boolean

  constructor(from: ClockReading = { activeMs: 0, pausedMs: 0 }, stopped = false) {
    this.activeMs = from.activeMs
    this.pausedMs = from.pausedMs
    this.stopped = stopped
  }

  turn(paused: boolean): void {
    const { activeMs, pausedMs } = this.read()
    this.activeMs = activeMs
    this.pausedMs = pausedMs
    this.since = Date.now()
    this.stopped = paused
  }

  read(): ClockReading {
    const elapsed = Date.now() - this.since
    return { activeMs: this.activeMs + (this.stopped ? 0 : elapsed), pausedMs: this.pausedMs + (this.stopped ? elapsed : 0) }
  }
}
