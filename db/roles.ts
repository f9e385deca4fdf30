import { sql } from 'drizzle-orm'
import type { Database } from './client.ts'

const roleLock = 7_183_501_245

/**
 * The trainer's own role: it reads and appends to its two tables, raises the count of executed rounds on a progress row
 * that it wrote before, and sees nothing else. Safe to repeat; the password becomes the given one.
 */
export async function grantTrainer(db: Database, role: { name: string; password: string }): Promise<void> {
  const name = sql.identifier(role.name)
  // role statements take no parameters
  const password = sql.raw(literal(role.password))
  await db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${roleLock})`)
    const { rowCount } = await tx.execute(sql`select 1 from pg_roles where rolname = ${role.name}`)
    const options = sql`login nosuperuser nocreatedb nocreaterole noinherit password ${password}`
    await tx.execute(rowCount === 0 ? sql`create role ${name} ${options}` : sql`alter role ${name} ${options}`)
    await tx.execute(sql`revoke all on all tables in schema public from ${name}`)
    await tx.execute(sql`grant usage on schema public to ${name}`)
    await tx.execute(sql`grant select, insert on training_progress, training_checkpoint to ${name}`)
    await tx.execute(sql`grant update (executed) on training_progress to ${name}`)
  })
}

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
