import { bigserial, index, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { Role } from '#contracts/access.ts'
import { at, now } from './columns.ts'

export const apiKey = pgTable('api_key', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  role: text('role').$type<Role>().notNull(),
  keySha256: text('key_sha256').notNull().unique(),
  createdAt: now('created_at'),
  revokedAt: at('revoked_at'),
})

/** A request's Idempotency-Key, as the id that key, address and client give, with the body that it first came with. */
export const idempotencyKey = pgTable('idempotency_key', {
  id: uuid('id').primaryKey(),
  bodySha256: text('body_sha256').notNull(),
  claimedAt: now('claimed_at'),
})

/** Append-only. One row for one command on one subject, however often it arrives. */
export const audit = pgTable(
  'audit',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    at: now('at'),
    by: text('by').notNull(),
    action: text('action').notNull(),
    subject: text('subject').notNull(),
    commandId: uuid('command_id').notNull(),
    detail: jsonb('detail').$type<Record<string, unknown>>().notNull().default({}),
  },
  (t) => [uniqueIndex('audit_once').on(t.commandId, t.action, t.subject), index('audit_by_subject').on(t.subject)],
)
