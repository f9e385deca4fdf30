import type { Column } from './operator.ts'

/**
 * Memory of one evaluation: columns of one length that kernels borrow and give back, so that hundreds of steps touch a
 * handful of them. A lent column holds what was left in it; its borrower writes every row that is read.
 */
export class Workspace {
  readonly rows: number
  private readonly own = new Set<Column>()
  private readonly free: Column[] = []

  constructor(rows: number) {
    this.rows = rows
  }

  lend(): Column {
    const free = this.free.pop()
    if (free !== undefined) return free
    const column = new Float64Array(this.rows)
    this.own.add(column)
    return column
  }

  /** Once a loan; columns of others, such as the source's own, are left alone. */
  giveBack(...columns: readonly Column[]): void {
    for (const column of columns) if (this.own.has(column)) this.free.push(column)
  }
}
