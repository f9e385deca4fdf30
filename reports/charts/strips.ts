import type { CustomSeriesOption } from 'echarts/charts'
import type { StripChart } from './chart.ts'

/** Neighbouring cells of one level, both ends included. */
export type Strip = { row: number; from: number; to: number; level: number }

export function stripsOf(rows: StripChart['rows']): Strip[] {
  return rows.flatMap(({ cells }, row) => {
    const strips: Strip[] = []
    for (const [at, level] of cells.entries()) {
      if (level === null) continue
      const last = strips.at(-1)
      if (last?.level === level && last.to === at - 1) last.to = at
      else strips.push({ row, from: at, to: at, level })
    }
    return strips
  })
}

/** A rectangle a strip: ECharts' own heat map draws every cell, and takes no colours of the page. */
export const stripSeries = ({ rows, levels }: StripChart): CustomSeriesOption => ({
  type: 'custom',
  encode: { x: [0, 1], y: 2 },
  data: stripsOf(rows).map(({ from, to, row, level }) => [from, to, row, level]),
  renderItem: (_, api) => {
    const [from, to, row, level] = [0, 1, 2, 3].map((dimension) => Number(api.value(dimension)))
    const [left, middle] = api.coord([from!, row!])
    const [right] = api.coord([to!, row!])
    const [width, height] = api.size!([1, 1]) as [number, number]
    const { tone, strength } = levels[level!]!
    return {
      type: 'rect',
      shape: { x: left! - width / 2, y: middle! - height * 0.38, width: right! - left! + width, height: height * 0.76 },
      style: { fill: `var(--${tone})`, opacity: strength },
    }
  },
})
