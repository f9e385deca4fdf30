import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import type { RunPhase } from '#contracts/commands.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'

/** How a run is seen in the Temporal UI: its step, what it waits for, and who paused it. */
export class RunDisplay {
  private shownPausedBy: string | undefined

  constructor(shownPausedBy?: string) {
    this.shownPausedBy = shownPausedBy
  }

  show(phase: RunPhase, step: string, pausedBy: string | undefined): void {
    const by = pausedBy === undefined ? '' : ` by ${pausedBy}`
    const wants =
      phase === 'awaiting_approval'
        ? '\n\nIt waits for the update or signal `approve` or `reject`.'
        : phase === 'paused'
          ? '\n\nIt waits for the update or signal `resume`.'
          : ''
    setCurrentDetails(`**${step}**: ${phase.replaceAll('_', ' ')}${by}${wants}`)
    if (pausedBy === this.shownPausedBy) return
    this.shownPausedBy = pausedBy
    upsertSearchAttributes([{ key: searchAttributeKey('PausedBy'), value: pausedBy ?? null }])
  }
}
