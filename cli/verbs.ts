import type { Command } from 'commander'
import type { RunState } from '#contracts/commands.ts'
import type { ApiClient, ApprovalVerb, RunVerb } from './client.ts'
import { connect } from './connect.ts'
import type { CliContext } from './context.ts'
import { duration, facts } from './output.ts'

const meanings = {
  pause: 'interrupt it, keep what is done and free its worker',
  resume: 'go on from where it was paused',
  stop: 'end it for good',
  approve: 'let what waits for a decision pass',
  reject: 'refuse what waits for a decision',
  promote: 'skip the steps and the bake that are left',
} as const satisfies Record<RunVerb | ApprovalVerb | 'promote', string>

type Send<V> = (client: ApiClient, subject: string, verb: V, reason?: string) => Promise<RunState>

/** `quantloop GROUP VERB SUBJECT [--reason TEXT]`, the same for every kind of run. */
export function addVerbs<V extends RunVerb | ApprovalVerb | 'promote'>(
  group: Command,
  context: CliContext,
  subject: string,
  verbs: readonly V[],
  send: Send<V>,
): void {
  for (const verb of verbs)
    group
      .command(`${verb} <${subject}>`)
      .description(meanings[verb])
      .option('--reason <text>', 'why, for the audit')
      .action(async (id: string, { reason }: { reason?: string }) => {
        context.answer(await send(await connect(context), id, verb, reason), stateOf)
      })
}

const stateOf = (state: RunState) =>
  facts({
    phase: state.phase,
    step: state.step,
    'paused by': state.pausedBy,
    active: duration(state.activeMs / 1000),
    paused: state.pausedMs > 0 ? duration(state.pausedMs / 1000) : null,
  })
