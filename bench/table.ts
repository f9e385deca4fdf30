import type { Measurement } from './measurement.ts'

/** Measurements for a person's eyes. */
export function tableOf(measured: readonly Measurement[]): string {
  const head = ['', 'ours', 'peer', 'unit', 'ratio', 'goal', 'answers', '']
  const rows = measured.map(({ name, unit, ours, peer, ratio, goal, met, answersEqual }) => [
    name,
    digits(ours),
    digits(peer),
    unit,
    digits(ratio),
    `≤ ${Number(goal.toPrecision(3))}`,
    answersEqual ? 'equal' : 'differ',
    met ? 'met' : 'missed',
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  const isNumber = (column: number) => [1, 2, 4].includes(column)
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd()
  return `${[head, ...rows].map(line).join('\n')}\n`
}

const digits = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3))
