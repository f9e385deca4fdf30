import { lstatSync, readFileSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { launch } from '#stack/launch.ts'
import { freePort } from '#stack/ports.ts'
import { isRunning } from '#stack/process-identity.ts'
import { postgresServer } from '#stack/servers/postgres.ts'
import { stopProcess } from '#stack/stop-process.ts'
import { eventually, temporaryFolder } from './program.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const server = async (stateDir = folder.path) =>
  postgresServer({
    stateDir,
    port: await freePort(),
    user: 'quantloop',
    password: 'secret',
    database: 'quantloop',
    durable: false,
  })

describe('the local PostgreSQL', () => {
  it('ends one that works on its data and that nobody wrote down, before it starts', async () => {
    const log = `${folder.path}/postgres.log`
    const forgotten = await server()
    await forgotten.prepare?.()
    const { identity: stray } = await launch(forgotten.command(), log)
    await eventually(() =>
      forgotten.ready(stray).then(
        () => true,
        () => undefined,
      ),
    )

    const next = await server()
    await next.prepare?.()
    expect(isRunning(stray)).toBe(false)
    const { identity } = await launch(next.command(), log)
    await eventually(() =>
      next.ready(identity).then(
        () => true,
        () => undefined,
      ),
    )
    expect(await stopProcess(identity, next.farewell)).toBe('asked')
  })
  it('works for root in a folder closed to others, with its data where its account can reach it', async () => {
    const closed = await temporaryFolder({ closed: true })
    const state = join(closed.path, 'state')
    try {
      const postgres = await server(state)
      await postgres.prepare?.()
      const { identity } = await launch(postgres.command(), join(folder.path, 'postgres.log'))
      await eventually(() =>
        postgres.ready(identity).then(
          () => true,
          () => undefined,
        ),
      )
      expect(readFileSync(join(state, 'pg/PG_VERSION'), 'utf8')).toBe('18\n')
      expect(lstatSync(join(state, 'pg')).isSymbolicLink()).toBe(process.getuid?.() === 0)
      await stopProcess(identity, postgres.farewell)
    } finally {
      await rm(dirname(realpathSync(join(state, 'pg'))), { recursive: true })
      await closed.remove()
    }
  })
})
