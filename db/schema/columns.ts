/** Columns that tables of every part have. */
import { customType, doublePrecision, integer, text, timestamp } from 'drizzle-orm/pg-core'

export const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 })
export const now = (name: string) => at(name).notNull().defaultNow()
export const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/** What every durable process keeps on its row. `journalSequence` orders the writes of one workflow. */
export const run = {
  step: text('step').notNull().default(''),
  journalSequence: integer('journal_sequence').notNull().default(0),
  pausedBy: text('paused_by'),
  pausedMs: doublePrecision('paused_ms').notNull().default(0),
  failure: text('failure'),
  requestedBy: text('requested_by').notNull(),
  idempotencyKey: text('idempotency_key'),
  bodySha256: text('body_sha256').notNull(),
  startedAt: now('started_at'),
  endedAt: at('ended_at'),
}
