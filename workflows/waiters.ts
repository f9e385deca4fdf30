import { CancellationScope, getExternalWorkflowHandle, log } from '@temporalio/workflow'
import { nudge } from './messages/run.ts'

/** Who waits for the end of shared work. A nudge says nothing: the waiter reads PostgreSQL again. */
export class Waiters {
  private readonly workflowIds: Set<string>

  constructor(workflowIds: Iterable<string> = []) {
    this.workflowIds = new Set(workflowIds)
  }

  add(workflowId: string): void {
    this.workflowIds.add(workflowId)
  }

  /** Nudges all, those included who arrive meanwhile. One that is gone needs no nudge. */
  async nudge(): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      while (this.workflowIds.size > 0) {
        const waiting = [...this.workflowIds]
        this.workflowIds.clear()
        await Promise.all(waiting.map(nudgeWorkflow))
      }
    })
  }
}

/** Best effort: a workflow that is gone needs none, and one that missed it looks again by itself. */
export async function nudgeWorkflow(workflowId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowId).signal(nudge)
  } catch (error) {
    log.warn('a workflow was not nudged', { workflowId, error })
  }
}
