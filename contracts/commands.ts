import { z } from 'zod'
import { Id, Line } from './words.ts'

/** What a person or a policy says to a running process. The update id equals the command's id. */
export const Command = z.strictObject({
  commandId: Id,
  by: z.string().min(1).max(200),
  reason: Line.max(500).optional(),
})
export type Command = z.infer<typeof Command>

/** `pausing` until the interruptible activity has closed and its worker slot is free. */
export const RunPhase = z.enum(['running', 'pausing', 'paused', 'awaiting_approval', 'stopping', 'closed'])
export type RunPhase = z.infer<typeof RunPhase>

export const RunState = z.strictObject({
  phase: RunPhase,
  step: z.string(),
  pausedBy: z.string().optional(),
  activeMs: z.number().nonnegative(),
  pausedMs: z.number().nonnegative(),
})
export type RunState = z.infer<typeof RunState>

/** What a person may send with a verb through the API. */
export const CommandBody = z.strictObject({ reason: Line.max(500).optional() })
export type CommandBody = z.infer<typeof CommandBody>
