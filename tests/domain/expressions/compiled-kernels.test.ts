import { describe, expect, it } from 'vitest'
import { compiledKernels } from '#domain/expressions/kernels/compiled.ts'
import { Workspace } from '#domain/expressions/workspace.ts'
import { compileKernels } from './compile-kernels.ts'

describe('compiled kernels', () => {
  it('are what their sources compile to', async () => expect(compiledKernels).toBe(await compileKernels()))

  it('refuse a column that lies elsewhere', () => {
    const workspace = new Workspace(2)
    expect(() => workspace.round(new Float64Array(2))).toThrow('reads columns of its workspace alone')
    workspace.close()
  })

  it('reach columns that were lent before their memory grew', () => {
    const workspace = new Workspace(100_000)
    const columns = Array.from({ length: 20 }, (_, index) => workspace.lend().fill(1 / (index + 3)))
    for (const column of columns) workspace.round(column)
    expect(columns.map((column) => column.at(-1))).toEqual(columns.map((_, index) => Math.fround(1 / (index + 3))))
    workspace.close()
  })

  it('work in the memory of one evaluation at a time', () => {
    const outer = new Workspace(10)
    const kept = outer.lend().fill(7)
    const inner = new Workspace(1000)
    inner.lend().fill(8)
    inner.close()
    expect([...kept]).toEqual(Array.from({ length: 10 }, () => 7))
    outer.close()
  })
})
