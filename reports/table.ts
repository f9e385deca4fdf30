import { type Html, html } from './html.ts'

export type Column<T> = { title: string; value: (row: T) => Html | string | number | null; right?: boolean }

/** A captioned table that scrolls sideways by itself on a phone. */
export const table = <T>(caption: string, rows: readonly T[], columns: readonly Column<T>[]): Html =>
  html`<div class="scroll">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map(({ title, right }) => html`<th scope="col" ${side(right)}>${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${columns.map(({ value, right }) => html`<td${side(right)}>${value(row) ?? '–'}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`

const side = (right: boolean | undefined) => (right === true ? html` class="right"` : null)
