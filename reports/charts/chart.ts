/** The vocabulary of charts: what is shown, in words of the reports; how it is drawn stands beside. */

/** Colours by part, not by value: each is dark on paper in light and in dark. */
export type Tone = 'first' | 'second' | 'third' | 'fourth' | 'alarm'

export type Chart = {
  /** unique in its page, letters and hyphens */
  id: string
  title: string
  /** what the picture shows, for those who do not see it */
  description: string
  xName: string
  yName: string
}

/** Lines over an ordered axis such as sessions; null is a gap. */
export type LineChart = Chart & {
  kind: 'lines'
  x: readonly string[]
  series: readonly { name: string; tone: Tone; values: readonly (number | null)[]; dashed?: boolean }[]
  /** stretches of the axis, both ends included, that stand out */
  bands?: readonly { name: string; from: string; to: string }[]
  /** moments on the axis, lettered in the picture and told below it */
  events?: readonly { at: string; text: string }[]
}

/** One bar a row, longest name to the left: for names that need room. */
export type BarChart = Chart & { kind: 'bars'; bars: readonly { name: string; value: number }[] }

/** How often values fall into equal bins. `mark` is a value to compare with, such as zero. */
export type DistributionChart = Chart & { kind: 'distribution'; values: readonly number[]; mark: { name: string; value: number } }

/**
 * Rows over an ordered axis, each cell at one of a few levels, or null where there is nothing to tell. Neighbours of one
 * level are drawn as one strip, so that a page stays small however many cells there are.
 */
export type StripChart = Chart & {
  kind: 'strips'
  x: readonly string[]
  /** `strength` is how strongly the tone is laid on, to 1 */
  levels: readonly { name: string; tone: Tone; strength: number }[]
  rows: readonly { name: string; cells: readonly (number | null)[] }[]
  /** room for the names of the rows, where they are longer than a ticker */
  nameWidth?: number
}

export type AnyChart = LineChart | BarChart | DistributionChart | StripChart

/** A, B, … Z, AA: how an event is named in the picture and below it. */
export const letterOf = (index: number): string =>
  index < 26 ? String.fromCharCode(65 + index) : letterOf(Math.floor(index / 26) - 1) + letterOf(index % 26)
