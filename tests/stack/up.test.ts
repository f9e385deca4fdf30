/** The whole stack in a project of its own, by the command line, as a person uses it. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readStackFile } from '#config/stack-file.ts'
import { identityOf, isRunning } from '#stack/process-identity.ts'
import type { StackStatus } from '#stack/status.ts'
import { takeDown } from '#stack/take-down.ts'
import { testServices } from '#tests/support/services.ts'
import { killed, temporaryFolder } from './program.ts'

const program = fileURLToPath(new URL('../../bin/quantloop.mjs', import.meta.url))
const minutes = 60_000

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let stateDir: string

beforeAll(async () => {
  folder = await temporaryFolder()
  stateDir = join(folder.path, '.quantloop')
  writeFileSync(join(folder.path, 'quantloop.yaml'), `trainer:\n  python: ${testServices().python}\n`)
})
afterAll(async () => {
  await takeDown(stateDir)
  await folder.remove()
}, 3 * minutes)

/** Runs a command in the project, without settings of whoever runs the tests. */
async function quantloop<T>(...args: string[]): Promise<{ code: number; answer: T }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('QUANTLOOP_')))
  const { code, stdout } = await promisify(execFile)(process.execPath, [program, ...args, '--json'], { cwd: folder.path, env }).then(
    (done) => ({ code: 0, ...done }),
    (error: { code: number; stdout: string }) => error,
  )
  return { code, answer: JSON.parse(stdout) as T }
}

const pidsOf = ({ processes }: StackStatus) => Object.fromEntries(Object.entries(processes).map(([name, { pid }]) => [name, pid]))

describe('quantloop up', () => {
  let first: StackStatus

  it('brings everything up, the API first in its answer', { timeout: 5 * minutes }, async () => {
    const { code, answer } = await quantloop<StackStatus>('up', '--detach')
    expect(answer).toMatchObject({ up: true })
    expect(code).toBe(0)
    expect(Object.keys(answer.processes)).toEqual([
      ...['api', 'orchestration', 'features', 'trainer', 'serving', 'serving-2'],
      ...['postgres', 'temporal', 'object-store'],
    ])
    for (const part of Object.values(answer.processes)) expect(part).toMatchObject({ state: 'ready', trouble: null })
    first = answer
  })

  it('makes the first admin key, which the API takes', async () => {
    const key = readStackFile(stateDir)?.settings.apiKey
    const ask = (headers: Record<string, string>) =>
      fetch(`${first.processes.api!.url}/api/v1/keys`, { headers }).then(({ status }) => status)
    expect(await ask({ authorization: `Bearer ${key}` })).toBe(200)
    expect(await ask({})).toBe(401)
  })

  it('refuses a second time, and says who holds it', { timeout: minutes }, async () => {
    const { code, answer } = await quantloop<{ error: unknown }>('up', '--detach')
    expect(answer.error).toMatchObject({ code: 'conflict', place: { pid: first.supervisor } })
    expect(code).toBe(1)
  })

  it('adopts what a killed supervisor left, pid for pid', { timeout: 5 * minutes }, async () => {
    await killed(identityOf(first.supervisor!)!)
    const alone = await quantloop<StackStatus>('status')
    expect(alone.answer).toMatchObject({ supervisor: null, up: false })
    expect(pidsOf(alone.answer)).toEqual(pidsOf(first))
    const { answer } = await quantloop<StackStatus>('up', '--detach')
    expect(answer.up).toBe(true)
    expect(pidsOf(answer)).toEqual(pidsOf(first))
  })

  it('leaves nothing running after down', { timeout: 3 * minutes }, async () => {
    const processes = Object.values(readStackFile(stateDir)!.processes).map(({ pid, startedAt }) => ({ pid: pid!, startedAt: startedAt! }))
    const { answer } = await quantloop<{ stopped: string[] }>('down')
    expect(answer.stopped.toSorted()).toEqual(Object.keys(first.processes).toSorted())
    expect(processes.filter(isRunning)).toEqual([])
    expect((await quantloop<StackStatus>('status')).answer.supervisor).toBeNull()
  })
})
