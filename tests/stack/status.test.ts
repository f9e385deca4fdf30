import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeStackFile } from '#config/stack-file.ts'
import { identityOf } from '#stack/process-identity.ts'
import { stackStatus } from '#stack/status.ts'
import { temporaryFolder } from './program.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  writeFileSync(join(folder.path, 'quantloop.yaml'), 'stateDir: .\n')
})
afterEach(() => folder.remove())

const status = (env: NodeJS.ProcessEnv = {}) => stackStatus({ cwd: folder.path, env })

const record = (identity: { pid: number; startedAt: string }) => ({
  state: 'ready' as const,
  ...identity,
  url: 'http://127.0.0.1:8800',
  restarts: 2,
  after: [],
  farewell: { signal: 'SIGTERM' as const, graceMs: 1_000 },
  fingerprint: '',
  trouble: null,
})

describe('status', () => {
  it('knows of nothing before the first up', () => {
    const { supervisor, up, processes } = status()
    expect({ supervisor, up }).toEqual({ supervisor: null, up: false })
    expect(Object.keys(processes)[0]).toBe('api')
    for (const part of Object.values(processes)) expect(part).toMatchObject({ state: 'stopped', pid: null })
  })

  it('shows a server that the configuration names as given, without its password', () => {
    const { processes } = status({ QUANTLOOP_DATABASE_URL: 'postgresql://me:hunter2@db:5432/mine' })
    expect(processes.postgres).toMatchObject({ state: 'given', url: 'postgresql://me:***@db:5432/mine', pid: null })
    expect(processes.temporal).toMatchObject({ state: 'stopped' })
  })

  it('believes the process and not the file', () => {
    const own = identityOf(process.pid)!
    const processes = { api: record(own), serving: record({ pid: own.pid, startedAt: 'another time' }) }
    writeStackFile(folder.path, { version: 1, supervisor: null, failure: null, settings: {}, ports: {}, secrets: {}, processes })
    expect(status().processes.api).toMatchObject({ state: 'ready', pid: own.pid, restarts: 2 })
    expect(status().processes.serving).toMatchObject({ state: 'stopped', pid: null })
  })
})
