import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { identityOf, isRunning, type ProcessIdentity } from '#stack/process-identity.ts'
import { descendantsOf, killProcess } from './kill.ts'

const started: ChildProcess[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** A real process that says when it runs, with a child of its own. */
async function startFamily(name: string): Promise<ProcessIdentity> {
  const waiting = 'process.stdin.resume(); console.log("runs")'
  const source = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(waiting)}, 'child-of-${name}'], { stdio: ['pipe', 'inherit', 'inherit'] })`
  const child = spawn(process.execPath, ['-e', `${source}; process.stdin.resume()`, name], { stdio: ['pipe', 'pipe', 'inherit'] })
  started.push(child)
  await once(child.stdout, 'data')
  const identity = identityOf(child.pid ?? 0)
  if (!identity) throw new Error('the process did not start')
  return identity
}

test('kills exactly the process that was meant, and proves that it is gone', async () => {
  const victim = await startFamily('victim')
  const bystander = await startFamily('bystander')
  const killed = await killProcess(victim, /victim/)
  expect(killed).toMatchObject(victim)
  expect(killed.command).toContain('victim')
  expect(isRunning(victim)).toBe(false)
  expect(isRunning(bystander)).toBe(true)
})

test('kills nothing when the pid belongs to a process that started at another time', async () => {
  const bystander = await startFamily('bystander')
  await expect(killProcess({ ...bystander, startedAt: 'another boot/1' }, /bystander/)).rejects.toThrow('nothing was killed')
  expect(isRunning(bystander)).toBe(true)
})

test('kills nothing when the process runs something else', async () => {
  const bystander = await startFamily('bystander')
  await expect(killProcess(bystander, /postgres/)).rejects.toThrow('not /postgres/: nothing was killed')
  expect(isRunning(bystander)).toBe(true)
})

test('says so when the process has ended already', async () => {
  const victim = await startFamily('victim')
  await killProcess(victim, /victim/)
  await expect(killProcess(victim, /victim/)).rejects.toThrow('does not run: nothing was killed')
})

test('finds the children of a process by their command line', async () => {
  const parent = await startFamily('parent')
  const children = descendantsOf(parent, /child-of-parent/)
  expect(children).toHaveLength(1)
  expect(descendantsOf(parent, /no such thing/)).toEqual([])
  const [child] = children
  if (child) await killProcess(child, /child-of-parent/)
  expect(descendantsOf(parent, /child-of-parent/)).toEqual([])
  expect(isRunning(parent)).toBe(true)
})
