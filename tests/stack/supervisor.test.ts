import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readStackFile } from '#config/stack-file.ts'
import { backOffMs } from '#stack/kept-process.ts'
import { lockHolder } from '#stack/lock.ts'
import { isRunning, type ProcessIdentity } from '#stack/process-identity.ts'
import { takeDown } from '#stack/take-down.ts'
import { eventually, killed, type Program, startProgram, temporaryFolder } from './program.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const started: Program[] = []
const seen: ProcessIdentity[] = []

const supervise = async (fingerprint = 'one') => {
  const program = await startProgram('supervise-sleepers.ts', folder.path, fingerprint)
  started.push(program)
  return program
}

/** The process of that name, once it is recorded as ready and runs. */
const ready = (name: string, other?: ProcessIdentity) =>
  eventually(() => {
    const { pid, startedAt, state } = readStackFile(folder.path)?.processes[name] ?? {}
    if (state !== 'ready' || !pid || !startedAt || (pid === other?.pid && startedAt === other.startedAt)) return undefined
    const identity = { pid, startedAt }
    if (!isRunning(identity)) return undefined
    seen.push(identity)
    return identity
  })

beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL')
  for (const identity of seen.splice(0)) if (isRunning(identity)) process.kill(identity.pid, 'SIGKILL')
  await folder.remove()
})

describe('the supervisor', () => {
  it('starts a killed process again, and counts it', async () => {
    await supervise()
    const first = await ready('worker')
    await killed(first)
    const second = await ready('worker', first)
    expect(isRunning(second)).toBe(true)
    expect(readStackFile(folder.path)?.processes.worker?.restarts).toBe(1)
    expect(isRunning(await ready('store'))).toBe(true)
  })

  it('killed itself, leaves its processes running, and the next one adopts them', async () => {
    const first = await supervise()
    const before = [await ready('store'), await ready('worker')]
    await killed(first.identity)
    expect(before.map(isRunning)).toEqual([true, true])
    expect(lockHolder(folder.path)).toBeUndefined()
    await supervise()
    expect([await ready('store'), await ready('worker')]).toEqual(before)
  })

  it('replaces what died while nobody watched, and what was started with other settings', async () => {
    const first = await supervise()
    const [store, worker] = [await ready('store'), await ready('worker')]
    await killed(first.identity)
    await killed(worker)
    const second = await supervise()
    expect(await ready('store')).toEqual(store)
    expect(await ready('worker')).not.toEqual(worker)
    await killed(second.identity)
    await supervise('two')
    expect(await ready('store')).not.toEqual(store)
    expect(isRunning(store)).toBe(false)
  })

  it('watches over what it adopted as over its own', async () => {
    await killed((await supervise()).identity)
    const adopted = await ready('worker')
    await supervise()
    await killed(adopted)
    expect(isRunning(await ready('worker', adopted))).toBe(true)
  })

  it('stops everything when told to, and says so', async () => {
    const { identity } = await supervise()
    const processes = [await ready('store'), await ready('worker')]
    expect(await takeDown(folder.path)).toEqual(['store', 'worker'])
    expect([identity, ...processes].map(isRunning)).toEqual([false, false, false])
    expect(Object.values(readStackFile(folder.path)!.processes).map(({ state, pid }) => [state, pid])).toEqual([
      ['stopped', null],
      ['stopped', null],
    ])
  })

  it('is not needed to stop what it left: dependents go first', async () => {
    const { identity } = await supervise()
    const processes = [await ready('store'), await ready('worker')]
    await killed(identity)
    const order: string[] = []
    await takeDown(folder.path, (name) => order.push(name))
    expect(order).toEqual(['worker', 'store'])
    expect(processes.map(isRunning)).toEqual([false, false])
    expect(await takeDown(folder.path)).toEqual([])
  })

  it('waits longer after each failure, up to ten seconds', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 20].map(backOffMs)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
  })
})
