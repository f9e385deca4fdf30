import { ApplicationFailure, uuid4 } from '@temporalio/workflow'
import type { Command } from '#contracts/commands.ts'
import type { ErrorCode } from '#contracts/errors.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const refuse = (code: ErrorCode, message: string) => ApplicationFailure.nonRetryable(message, code)

/** The API has parsed its commands; this is for an update sent by hand. PostgreSQL would refuse such an id for ever. */
export function assertCommand(command: Command | undefined): void {
  if (typeof command?.commandId !== 'string' || !uuid.test(command.commandId))
    throw refuse('invalid_request', 'a command needs a `commandId` that is a UUID')
  if (typeof command.by !== 'string' || command.by === '') throw refuse('invalid_request', 'a command needs `by`: who gives it')
}

/** What a signal said, from whatever a person typed into the Temporal UI. Without `by`, the history may tell the sender. */
export function commandOfSignal(said: unknown): Omit<Command, 'by'> & { by?: string } {
  const { commandId, by, reason } = (typeof said === 'object' && said !== null ? said : {}) as Record<string, unknown>
  return {
    commandId: typeof commandId === 'string' && uuid.test(commandId) ? commandId : uuid4(),
    ...(typeof by === 'string' && by !== '' ? { by: storable(by, 200) } : {}),
    ...(typeof reason === 'string' ? { reason: storable(reason, 500) } : {}),
  }
}

/** PostgreSQL's text holds no NUL. */
const storable = (text: string, length: number) => text.replaceAll('\0', '').slice(0, length)
