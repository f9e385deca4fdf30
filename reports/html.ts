/** HTML that cannot be broken out of: what is put into a template is text, unless it is HTML that was made here. */

/** A piece of HTML; only `html` and `trusted` make one. */
export class Html {
  readonly #source: string
  constructor(source: string) {
    this.#source = source
  }
  toString(): string {
    return this.#source
  }
}

type Content = Html | string | number | null | undefined | readonly Content[]

/** Everything interpolated is escaped, in text and in quoted attributes alike; lists are joined, null is nothing. */
export const html = (parts: TemplateStringsArray, ...contents: readonly Content[]): Html =>
  new Html(parts.map((part, index) => (index === 0 ? part : sourceOf(contents[index - 1]) + part)).join(''))

/** Source that this room wrote itself, such as a drawn chart or the style sheet: never anything from outside. */
export const trusted = (source: string): Html => new Html(source)

function sourceOf(content: Content): string {
  if (content === null || content === undefined) return ''
  if (content instanceof Html) return content.toString()
  if (typeof content === 'object') return content.map(sourceOf).join('')
  return escaped(String(content))
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (character) => entities[character]!)
