import { describe, expect, it } from 'vitest'
import { BuildProgress } from '#activities/features/build-progress.ts'

describe('the progress of a build', () => {
  it('is written one count at a time, and the newest follows what was under way', async () => {
    const written: number[] = []
    const waiting: (() => void)[] = []
    const progress = new BuildProgress(async (done) => {
      written.push(done)
      await new Promise<void>((resolve) => waiting.push(resolve))
    })
    progress.advance()
    progress.advance()
    progress.advance()
    expect(written).toEqual([1])
    const settled = progress.settle()
    waiting.shift()!()
    await new Promise(setImmediate)
    expect(written).toEqual([1, 3])
    waiting.shift()!()
    await settled
    expect(written).toEqual([1, 3])
    progress.advance()
    expect(written).toEqual([1, 3, 4])
  })

  it('tells that nothing is done yet, and goes on when a count could not be told', async () => {
    const written: number[] = []
    const progress = new BuildProgress(async (done) => {
      written.push(done)
      if (done === 1) throw new Error('away')
    })
    await progress.settle()
    progress.advance()
    await progress.settle()
    progress.advance()
    await progress.settle()
    expect(written).toEqual([0, 1, 2])
  })
})
