import { z } from 'zod'
import { Id, Name, Timestamp } from './words.ts'

/** viewer < operator < approver < admin */
export const Role = z.enum(['viewer', 'operator', 'approver', 'admin'])
export type Role = z.infer<typeof Role>

export const roleAtLeast = (held: Role, needed: Role) => Role.options.indexOf(held) >= Role.options.indexOf(needed)

export const ApiKey = z.strictObject({
  id: Id,
  name: Name,
  role: Role,
  createdAt: Timestamp,
  revokedAt: Timestamp.nullable(),
})
export type ApiKey = z.infer<typeof ApiKey>

/** The key itself is shown once, when it is made; only its SHA-256 is stored. */
export const CreatedApiKey = z.strictObject({ id: Id, key: z.string(), role: Role })
export type CreatedApiKey = z.infer<typeof CreatedApiKey>

export const AuditEntry = z.strictObject({
  id: z.int(),
  at: Timestamp,
  by: z.string(),
  action: z.string(),
  subject: z.string(),
  commandId: Id.nullable(),
  detail: z.record(z.string(), z.unknown()),
})
export type AuditEntry = z.infer<typeof AuditEntry>
