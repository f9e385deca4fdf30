import { figure } from '../figures.ts'
import { type Html, html } from '../html.ts'

export type Bars = { id: string; title: string; edges: readonly number[]; counts: readonly number[] }

const [width, height] = [300, 72]

/** Bins of equal width as one small picture: a page may hold hundreds of these, and the drawing library's would be megabytes. */
export function histogram({ id, title, edges, counts }: Bars): Html | null {
  const highest = Math.max(...counts)
  if (counts.length === 0 || highest === 0) return null
  const step = width / counts.length
  const bars = counts.map((count, at) => {
    const tall = (height - 16) * (count / highest)
    return `M${round(at * step)} ${height - 14}v${round(-tall)}h${round(step - 0.5)}v${round(tall)}z`
  })
  const [low, high] = [figure(edges[0])!, figure(edges.at(-1))!]
  return html`<svg class="histogram" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title">
    <title id="${id}-title">${title}: from ${low} to ${high}, at most ${highest} rows a bin</title>
    <path d="${bars.join('')}" fill="var(--first)" fill-opacity="0.6" />
    <path d="M0 ${height - 13.5}h${width}" stroke="var(--line)" />
    <text x="0" y="${height - 2}" fill="var(--muted)" font-size="11">${low}</text>
    <text x="${width}" y="${height - 2}" fill="var(--muted)" font-size="11" text-anchor="end">${high}</text>
  </svg>`
}

const round = (value: number) => Number(value.toFixed(1))
