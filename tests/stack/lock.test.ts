import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockHolder, takeLock } from '#stack/lock.ts'
import { killed, type Program, startProgram, temporaryFolder } from './program.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const running: Program[] = []
const hold = async () => {
  const program = await startProgram('hold-lock.ts', folder.path)
  running.push(program)
  return program
}

beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(async () => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL')
  await folder.remove()
})

describe('the lock of a state folder', () => {
  it('goes to exactly one of several that ask at the same moment', async () => {
    const answers = await Promise.all([hold(), hold(), hold(), hold()])
    expect(answers.map(({ said }) => said).toSorted()).toEqual(['held', 'refused: conflict', 'refused: conflict', 'refused: conflict'])
    expect(lockHolder(folder.path)?.pid).toBe(answers.find(({ said }) => said === 'held')?.identity.pid)
  })

  it('is refused with the pid of its holder, and what to do', async () => {
    const { identity } = await hold()
    expect(() => takeLock(folder.path)).toThrow(new RegExp(`supervisor ${identity.pid} .*quantloop down`))
  })

  it('can be given back and taken again by the same process', () => {
    const release = takeLock(folder.path)
    expect(lockHolder(folder.path)?.pid).toBe(process.pid)
    release()
    expect(lockHolder(folder.path)).toBeUndefined()
    takeLock(folder.path)()
  })

  it('of a killed holder goes to one of those that ask next, time after time', async () => {
    for (let round = 0; round < 2; round++) {
      const contenders = await Promise.all([hold(), hold()])
      const holders = contenders.filter(({ said }) => said === 'held')
      expect(holders).toHaveLength(1)
      await killed(holders[0]!.identity)
      expect(lockHolder(folder.path)).toBeUndefined()
    }
  })
})
