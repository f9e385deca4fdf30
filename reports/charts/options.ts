/** Each kind of chart as an option of Apache ECharts. Colours are CSS variables, so that one drawing serves light and dark. */
import type { EChartsCoreOption } from 'echarts/core'
import { bins } from './bins.ts'
import { type AnyChart, type BarChart, type DistributionChart, letterOf, type LineChart } from './chart.ts'
import { stripSeries } from './strips.ts'

export function optionOf(chart: AnyChart): EChartsCoreOption {
  switch (chart.kind) {
    case 'lines':
      return lines(chart)
    case 'bars':
      return bars(chart)
    case 'distribution':
      return distribution(chart)
    case 'strips':
      return {
        ...frame,
        grid: { ...grid, left: (chart.nameWidth ?? 84) + 12, right: 16 },
        xAxis: { type: 'category', data: [...chart.x], ...ticks, splitLine: { show: false }, ...below(chart.xName) },
        yAxis: {
          ...rowAxis(
            chart.rows.map(({ name }) => name),
            chart.yName,
          ),
          axisLabel: { ...text, width: chart.nameWidth === undefined ? 84 : chart.nameWidth - 24, overflow: 'truncate', interval: 0 },
        },
        series: [stripSeries(chart)],
      }
    default:
      return chart satisfies never
  }
}

const text = { color: 'var(--muted)', fontSize: 12 }
const rule = { lineStyle: { color: 'var(--line)' } }
// an axis stands at the edge, also where zero lies within
const ticks = {
  axisLabel: text,
  axisLine: { show: true, onZero: false, ...rule },
  axisTick: { show: false },
  splitLine: { show: true, ...rule },
}
const frame = { animation: false, silent: true, textStyle: { fontFamily: 'system-ui, sans-serif' } }

const above = (name: string) => ({ name, nameLocation: 'end', nameGap: 14, nameTextStyle: { ...text, align: 'left' } })
const below = (name: string) => ({ name, nameLocation: 'middle', nameGap: 26, nameTextStyle: text })
const grid = { left: 52, right: 16, top: 40, bottom: 40 }

const lines = ({ x, xName, yName, series, bands = [], events = [] }: LineChart): EChartsCoreOption => ({
  ...frame,
  grid,
  xAxis: { type: 'category', data: [...x], boundaryGap: false, ...ticks, splitLine: { show: false }, ...below(xName) },
  yAxis: { type: 'value', scale: true, ...ticks, ...above(yName) },
  series: series.map(({ name, tone, values, dashed }, index) => ({
    type: 'line',
    name,
    data: [...values],
    showSymbol: false,
    itemStyle: { color: `var(--${tone})` },
    lineStyle: { color: `var(--${tone})`, width: 2, type: dashed === true ? 'dashed' : 'solid' },
    ...(index === 0 ? { markLine: eventLines(events), markArea: areas(bands) } : {}),
  })),
})

const eventLines = (events: NonNullable<LineChart['events']>) => ({
  silent: true,
  symbol: 'none',
  lineStyle: { color: 'var(--alarm)', type: 'solid', width: 1 },
  data: events.map(({ at }, index) => ({
    xAxis: at,
    // letters of neighbours stand at two heights, so that none covers the next
    label: {
      formatter: () => letterOf(index),
      color: 'var(--alarm)',
      textBorderWidth: 0,
      fontSize: 12,
      distance: index % 2 === 0 ? 2 : 15,
    },
  })),
})

const areas = (bands: NonNullable<LineChart['bands']>) => ({
  silent: true,
  itemStyle: { color: 'var(--line)', opacity: 0.4 },
  data: bands.map(({ from, to }) => [{ xAxis: from }, { xAxis: to }]),
})

/** The first row is the topmost. */
const rowAxis = (names: string[], name: string) => ({
  type: 'category',
  inverse: true,
  data: names,
  ...ticks,
  splitLine: { show: false },
  name,
  nameLocation: 'start',
  nameTextStyle: text,
})

const bars = ({ bars: rows, xName, yName }: BarChart): EChartsCoreOption => ({
  ...frame,
  grid: { ...grid, left: 132, right: 24 },
  xAxis: { type: 'value', ...ticks, ...below(yName) },
  yAxis: {
    ...rowAxis(
      rows.map(({ name }) => name),
      xName,
    ),
    axisLabel: { ...text, width: 116, overflow: 'truncate', interval: 0 },
  },
  series: [{ type: 'bar', data: rows.map(({ value }) => value), itemStyle: { color: 'var(--first)' }, barMaxWidth: 18 }],
})

function distribution({ values, xName, yName, mark }: DistributionChart): EChartsCoreOption {
  const found = bins(values)
  const edges = found.flatMap(({ from, to }) => [from, to])
  return {
    ...frame,
    grid,
    xAxis: {
      type: 'value',
      min: Math.min(mark.value, ...edges),
      max: Math.max(mark.value, ...edges),
      ...ticks,
      axisLabel: { ...text, showMinLabel: false, showMaxLabel: false, formatter: (value: number) => String(Number(value.toPrecision(3))) },
      splitLine: { show: false },
      ...below(xName),
    },
    yAxis: { type: 'value', ...ticks, ...above(yName) },
    series: [
      {
        // steps along the bins' edges: a bar of ECharts has a category, not a width on the axis
        type: 'line',
        showSymbol: false,
        data: found.flatMap(({ from, to, count }) => [
          [from, 0],
          [from, count],
          [to, count],
          [to, 0],
        ]),
        lineStyle: { color: 'var(--first)', width: 1 },
        itemStyle: { color: 'var(--first)' },
        areaStyle: { color: 'var(--first)', opacity: 0.35 },
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: 'var(--alarm)', type: 'dashed', width: 1 },
          data: [{ xAxis: mark.value, label: { formatter: () => mark.name, color: 'var(--alarm)', textBorderWidth: 0, fontSize: 12 } }],
        },
      },
    ],
  }
}
