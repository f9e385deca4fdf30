import { type Html, html } from '../html.ts'
import { type Column, table } from '../table.ts'

/** Of a list that is longer, the worst are on the page; the JSON report has more. */
const mostRows = 40

/** A list of the worst, or that there is none: what was looked for and not found is worth a line. */
export function listing<T>(
  many: string,
  one: string,
  { total, shown }: { total: number; shown: readonly T[] },
  columns: readonly Column<T>[],
): Html {
  if (total === 0) return html`<p>No ${one} was found.</p>`
  const rows = shown.slice(0, mostRows)
  const caption = rows.length < total ? `The ${rows.length} worst of ${total} ${many}` : `${total} ${total === 1 ? one : many}`
  return table(caption, rows, columns)
}
