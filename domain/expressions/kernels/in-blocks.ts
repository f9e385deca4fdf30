import type { Column, Workspace } from '../workspace.ts'

type Kernel = (values: number, rows: number, window: number, tails: number, out: number) => void

/** Runs a compiled kernel that joins windows from blocks, with memory for so many tails, each as long as the window. */
export function inBlocks(tails: number, values: Column, asked: number, workspace: Workspace, kernel: Kernel): Column {
  const { rows } = workspace
  // a window longer than the series never loses a row
  const window = Math.min(asked, rows)
  const out = workspace.lend()
  workspace.withScratch(tails * window + 1, (scratch) =>
    kernel(workspace.addressOf(values), rows, window, workspace.addressOf(scratch), workspace.addressOf(out)),
  )
  return out
}
