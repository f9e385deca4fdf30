/** Verbs on a run: an update of its workflow, or a conflict told from its row when the run has ended. */
import { z } from '@hono/zod-openapi'
import { WorkflowNotFoundError } from '@temporalio/client'
import type { Command, CommandBody, RunState } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Role } from '#contracts/access.ts'
import type { RunKind } from '#db/commands/record-run-state.ts'
import { closedState, findRunOutcome, hasCommand } from '#db/queries/run-outcomes.ts'
import { promote, rollback } from '#workflows/messages/deployments.ts'
import * as run from '#workflows/messages/run.ts'
import type { AppDependencies } from './dependencies.ts'
import { explain } from './errors.ts'
import type { AcceptedRequest } from './idempotency.ts'

export const Verb = z.enum(['pause', 'resume', 'stop', 'approve', 'reject'])
export type Verb = z.infer<typeof Verb>

/** What only a rollout understands. */
export type RolloutVerb = 'promote' | 'rollback'

export const roleOfVerb = {
  pause: 'operator',
  resume: 'operator',
  stop: 'operator',
  approve: 'approver',
  reject: 'approver',
  promote: 'approver',
  rollback: 'approver',
} as const satisfies Record<Verb | RolloutVerb, Role>

const messages = { ...run, promote, rollback }

/** How long a worker may take to hear a command before the caller is told to repeat it. */
export const heardMs = 10_000

type Target = { kind: RunKind; id: string; workflowId: string }

/**
 * The command's id is the request's, so that a repeat under the same Idempotency-Key is the same command.
 * @throws QuantloopError already_decided | run_closed | run_stopped | nothing_to_decide | nothing_to_roll_back | not_found | unavailable
 */
export async function obey(
  { db, temporal }: Pick<AppDependencies, 'db' | 'temporal'>,
  target: Target,
  verb: Verb | RolloutVerb,
  body: CommandBody,
  request: AcceptedRequest,
): Promise<RunState> {
  const command: Command = { commandId: request.id, by: request.origin.by, ...(body.reason === undefined ? {} : { reason: body.reason }) }
  try {
    return await temporal.withDeadline(Date.now() + heardMs, () =>
      temporal.workflow.getHandle(target.workflowId).executeUpdate(messages[verb], { updateId: command.commandId, args: [command] }),
    )
  } catch (error) {
    // a workflow that has closed, or is about to: its row says how it ended
    if (!(error instanceof WorkflowNotFoundError) && explain(error).code !== 'run_closed') throw error
    const outcome = await findRunOutcome(db, target.kind, target.id)
    if (!outcome) throw new QuantloopError('not_found', `there is no ${target.kind} ${target.id}`, { id: target.id }, { cause: error })
    if (await hasCommand(db, target.kind, target.id, command.commandId)) return closedState(outcome)
    throw tooLate(verb, outcome.state, target)
  }
}

/** What a run's last state says to a command that came after it. */
function tooLate(verb: Verb | RolloutVerb, state: string, { kind, id }: Target): QuantloopError {
  const decides = verb === 'approve' || verb === 'reject'
  if (decides && (state === 'approved' || state === 'rejected'))
    return new QuantloopError('already_decided', `${kind} ${id} was already ${state}`, { id, state })
  return new QuantloopError('run_closed', `cannot ${verb} ${kind} ${id}: it has ended as ${state}`, { id, state })
}
