/** How answers look to a person: tables, facts, progress. */

export type Column<T> = { title: string; value: (row: T) => string | number | null | undefined; right?: boolean }

/** Columns as wide as their widest cell; numbers to the right. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], empty = 'nothing yet'): string {
  if (rows.length === 0) return empty
  const cells = [columns.map(({ title }) => title.toUpperCase()), ...rows.map((row) => columns.map(({ value }) => cell(value(row))))]
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)))
  return cells
    .map((line) =>
      line
        .map((text, i) => (columns[i]!.right ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** One fact a line; facts without a value are left out. */
export function facts(entries: Record<string, string | number | null | undefined>): string {
  const known = Object.entries(entries).filter(([, value]) => value !== null && value !== undefined && value !== '')
  const width = Math.max(...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

/** A table of one page, and how to see the next. */
export function pageOf<T>(page: { items: T[]; nextCursor: string | null }, columns: readonly Column<T>[]): string {
  const more = page.nextCursor === null ? '' : `\nmore: --after ${page.nextCursor}`
  return table(page.items, columns) + more
}

export const short = (hash: string | null) => (hash === null ? null : hash.slice(0, 12))

/** `2008-05-30 21:00:00`, in UTC. */
export const moment = (timestamp: string | null) => (timestamp === null ? null : timestamp.slice(0, 19).replace('T', ' '))

/** Six significant digits, and no more than the number has. */
export const figure = (value: number | null | undefined) =>
  value === null || value === undefined ? null : String(Number(value.toPrecision(6)))

/** Whole seconds below a minute, else `3m 20s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m ${whole % 60}s`
}

/** `████████░░░░░░░░ 50 %` */
export function bar(done: number, total: number, width = 24): string {
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const full = Math.round(share * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${String(Math.floor(share * 100)).padStart(3)} %`
}

export type Ticker = { show(line: string): void; end(): void }

/**
 * One line on standard error that is drawn over. Where nobody watches, a line is printed when its text changes, so that
 * a log stays readable.
 */
export function createTicker(interactive: boolean, write: (text: string) => void = (text) => void process.stderr.write(text)): Ticker {
  let last = ''
  return {
    show(line) {
      if (line === last) return
      last = line
      write(interactive ? `\r\x1b[2K${line}` : `${line}\n`)
    },
    end() {
      if (interactive && last !== '') write('\n')
      last = ''
    },
  }
}

const cell = (value: string | number | null | undefined) => (value === null || value === undefined ? '–' : String(value))
