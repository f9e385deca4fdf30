import { type Html, html, trusted } from './html.ts'
import { style } from './style.ts'

/** Nothing may be loaded and nothing may run: a report is read from a mail or a disk, offline. */
export const contentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'"

export type Page = {
  title: string
  /** one or two sentences under the title */
  lead: string
  facts: Record<string, string | number | Html | null>
  sections: readonly Section[]
}

export type Section = { title: string; body: readonly (Html | null)[] }

/** A whole document. Equal pages are equal bytes. */
export const renderPage = ({ title, lead, facts, sections }: Page): string =>
  `${html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="generator" content="quantloop" />
        <meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}" />
        <title>${title}</title>
        <style>
          ${trusted(style)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <h1>${title}</h1>
            <p class="lead">${lead}</p>
            ${factList(facts)}
          </header>
          ${sections.map(
            ({ title: heading, body }) =>
              html`<section>
                <h2>${heading}</h2>
                ${body.map((part) => html`${part} `)}
              </section> `,
          )}
        </main>
      </body>
    </html>`}\n`

/** One fact a line; facts without a value are left out. */
export function factList(facts: Page['facts']): Html | null {
  const known = Object.entries(facts).filter(([, value]) => value !== null && value !== '')
  if (known.length === 0) return null
  return html`<dl>
    ${known.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd> `,
    )}
  </dl>`
}
