/** Apache ECharts on the server: an option becomes an SVG element, the same bytes for the same option. */
import { BarChart, CustomChart, LineChart } from 'echarts/charts'
import { GridComponent, MarkAreaComponent, MarkLineComponent } from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { type Html, html, trusted } from '../html.ts'

use([BarChart, CustomChart, LineChart, GridComponent, MarkAreaComponent, MarkLineComponent, SVGRenderer])

export type Drawing = { id: string; title: string; description: string; width: number; height: number }

export function draw(option: EChartsCoreOption, { id, title, description, width, height }: Drawing): Html {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    chart.setOption(option)
    const names = html`<title id="${id}-title">${title}</title><desc id="${id}-description">${description}</desc>`
    return trusted(still(chart.renderToSVGString(), id).replace(/^<svg[^>]*>/, () => `${opening(id, width, height)}${names}`))
  } finally {
    chart.dispose()
  }
}

const opening = (id: string, width: number, height: number) =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-description">`

/** Without what only a live chart needs (styles of hovering, places of events), and with ids that no counter of the process decides. */
const still = (svg: string, id: string) =>
  svg
    .replace(/<style\b[\s\S]*?<\/style>\s*/g, '')
    .replaceAll(/ (class="zr[^"]*"|pointer-events="[^"]*"|ecmeta_\w+="[^"]*")/g, '')
    .replaceAll(/\bzr\d+-/g, `${id}-`)
