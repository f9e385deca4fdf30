/** A chart in its page: caption, legend, picture for wide and for narrow screens, events in words, and the figures as a table. */
import { type Html, html } from '../html.ts'
import { figure as number } from '../figures.ts'
import { table } from '../table.ts'
import { bins } from './bins.ts'
import { type AnyChart, letterOf, type LineChart, type StripChart, type Tone } from './chart.ts'
import { draw } from './draw.ts'
import { optionOf } from './options.ts'

/** A longer series is shown in the table at every so-many-th point, and the caption says so. */
const mostRows = 260

export function chartFigure(chart: AnyChart): Html {
  const option = optionOf(chart)
  const picture = (size: 'wide' | 'narrow', width: number, height: number) =>
    html`<div class="${size}">${draw(option, { ...chart, id: `${chart.id}-${size}`, width, height })}</div>`
  return html`<figure id="${chart.id}">
    <figcaption>${chart.title}</figcaption>
    <p class="note">${chart.description}</p>
    ${legendOf(chart)} ${picture('wide', 900, heightOf(chart, 320))} ${picture('narrow', 380, heightOf(chart, 280))}
    ${chart.kind === 'lines' ? eventList(chart) : null}
    <details>
      <summary>The figures as a table</summary>
      ${figures(chart)}
    </details>
  </figure>`
}

const heightOf = (chart: AnyChart, usual: number) =>
  chart.kind === 'bars' ? 90 + 22 * chart.bars.length : chart.kind === 'strips' ? 90 + 18 * chart.rows.length : usual

const legendOf = (chart: AnyChart) => (chart.kind === 'lines' ? legend(chart) : chart.kind === 'strips' ? levelLegend(chart) : null)

const legend = ({ series, bands = [] }: LineChart) =>
  html`<ul class="legend">
    ${series.map(({ name, tone, dashed }) => html`<li>${sample(tone, dashed === true)}${name}</li> `)}${[
      ...new Set(bands.map(({ name }) => name)),
    ].map((name) => html`<li>${patch}${name}</li> `)}
  </ul>`

const levelLegend = ({ levels }: StripChart) =>
  html`<ul class="legend">
    ${levels.map(
      ({ name, tone, strength }) =>
        html`<li>
          <svg viewBox="0 0 28 10" aria-hidden="true"><rect width="28" height="10" fill="var(--${tone})" fill-opacity="${strength}" /></svg
          >${name}
        </li> `,
    )}
  </ul>`

const sample = (tone: Tone, dashed: boolean) =>
  html`<svg viewBox="0 0 28 10" aria-hidden="true">
    <path d="M0 5H28" stroke="var(--${tone})" stroke-width="3" stroke-dasharray="${dashed ? '6 4' : 'none'}" />
  </svg>`

const patch = html`<svg viewBox="0 0 28 10" aria-hidden="true"><rect width="28" height="10" fill="var(--line)" fill-opacity="0.6" /></svg>`

const eventList = ({ events = [] }: LineChart) =>
  events.length === 0
    ? null
    : html`<ol class="events">
        ${events.map(({ at, text }, index) => html`<li><b>${letterOf(index)}</b> ${at}: ${text}</li> `)}
      </ol>`

function figures(chart: AnyChart): Html {
  switch (chart.kind) {
    case 'lines': {
      const every = Math.ceil(chart.x.length / mostRows)
      const rows = chart.x.map((_, index) => index).filter((index) => index % every === 0 || index === chart.x.length - 1)
      return table(`${chart.yName}${every === 1 ? '' : `, each ${every}th point`}`, rows, [
        { title: chart.xName, value: (row) => chart.x[row]! },
        ...chart.series.map(({ name, values }) => ({ title: name, value: (row: number) => number(values[row]), right: true })),
      ])
    }
    case 'bars':
      return table(chart.yName, chart.bars, [
        { title: chart.xName, value: ({ name }) => name },
        { title: chart.yName, value: ({ value }) => number(value), right: true },
      ])
    case 'distribution':
      return table(`${chart.values.length} values`, bins(chart.values), [
        { title: `${chart.xName}, from`, value: ({ from }) => number(from), right: true },
        { title: 'to', value: ({ to }) => number(to), right: true },
        { title: chart.yName, value: ({ count }) => count, right: true },
      ])
    case 'strips':
      return table(`How many of each, by ${chart.yName}`, chart.rows, [
        { title: chart.yName, value: ({ name }) => name },
        ...chart.levels.map(({ name }, level) => ({
          title: name,
          value: ({ cells }: StripChart['rows'][number]) => cells.filter((cell) => cell === level).length,
          right: true,
        })),
      ])
    default:
      return chart satisfies never
  }
}
