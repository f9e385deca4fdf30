import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { loopback } from '../ports.ts'
import type { Farewell } from '../managed-process.ts'
import { identityOf } from '../process-identity.ts'
import { stopProcess } from '../stop-process.ts'

/**
 * Ends a PostgreSQL that works on our data and that nobody keeps: its supervisor was killed in the instant between
 * starting it and writing that down. It would let no other one start.
 */
export async function endStrayPostmaster(data: string, login: { user: string; password: string }, farewell: Farewell): Promise<void> {
  const [pid, , , port] = lockFileOf(data)
  const stray = pid === undefined ? undefined : identityOf(Number(pid))
  // after a kill the pid may be anybody's: only our own server takes our password
  if (stray && port !== undefined && (await admits(Number(port), login))) await stopProcess(stray, farewell)
}

/** Lines: pid, data folder, start, port, … */
function lockFileOf(data: string): string[] {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function admits(port: number, { user, password }: { user: string; password: string }): Promise<boolean> {
  const client = new pg.Client({ host: loopback, port, user, password, database: 'postgres', connectionTimeoutMillis: 3_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
