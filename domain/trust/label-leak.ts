/**
 * Does a feature know the label? A feature that is made of the past goes with what is known already (the newest label
 * that ended by its session) at least about as much as with the label ahead, or with neither. What leaks stands out at
 * the label itself: against the known one before it, and against the first one behind it that does not overlap.
 *
 * In each group (see features/feature-ic.ts) three rank correlations are taken on the same rows: with the label, with the
 * label `reach` sessions earlier, with the one `reach` sessions later. With s the sign of each one's mean, the excess of a
 * group is s·ρ(label) − s·ρ(shifted) for either shift. A feature is suspicious when both excesses have a mean above
 * `plausibleExcess`, each by the test of evaluation/session-test.ts (Newey and West's variance, Student's t) at level
 * `familyError` over the number of features (Bonferroni): of sets without a leak, at most so many are suspected. Both
 * must hold (an intersection–union test), so that neither needs a correction for the other.
 *
 * `plausibleExcess` is what no feature of daily bars has: the best published models of a whole set reach a daily IC of
 * about .05 on returns (Qlib's benchmarks), a third of it. Levels such as ranges or volumes are predicted much better, but
 * then from their own past, which is what the first shift is. What this cannot find: leaks weaker than that, and features
 * that leak the label of an earlier session.
 */
import { mean } from '../evaluation/correlation.ts'
import { testMeanAboveZero } from '../evaluation/session-test.ts'
import { rankCorrelationOn } from '../features/feature-ic.ts'

export const plausibleExcess = 0.15
export const familyError = 0.01
/** With fewer a test of means says nothing. */
export const fewestGroups = 12

/** Sessions of one symbol that make a group of a time-series label. */
export const blockSessions = 60

/** Rows that are judged together, and those groups whose mean is one observation, such as the blocks of one season. */
export type LeakGroup = { cluster: number; rows: Int32Array }

export type LabelLeak = {
  observations: number
  /** mean rank correlations: with the label, the known one before, the one behind */
  label: number | null
  before: number | null
  behind: number | null
  /** the larger of the two tests'; null when there were too few observations */
  pValue: number | null
  suspicious: boolean
}

type Shifted = Record<'label' | 'before' | 'behind', Float32Array>

/** `features` are how many are tested together. `reach` is in observations: 1 where groups do not overlap. */
export function testLabelLeak(
  feature: Float32Array,
  labels: Shifted,
  groups: readonly LeakGroup[],
  { features, reach }: { features: number; reach: number },
): LabelLeak {
  const observed = observationsOf(feature, labels, groups)
  const [label, before, behind] = (['label', 'before', 'behind'] as const).map((name) => observed.map((each) => each[name]))
  const means = { label: meanOf(label!), before: meanOf(before!), behind: meanOf(behind!) }
  if (observed.length < fewestGroups) return { observations: observed.length, ...means, pValue: null, suspicious: false }
  const own = oriented(label!)
  const pValues = [before!, behind!].map((shifted) => {
    const other = oriented(shifted)
    return pOfExcess(
      own.map((value, at) => value - other[at]! - plausibleExcess),
      reach,
    )
  })
  const pValue = Math.max(...pValues)
  return { observations: observed.length, ...means, pValue, suspicious: pValue < familyError / features }
}

/** The label of so many rows earlier (later when negative) within each symbol; missing beyond its ends. */
export function shiftLabel(label: Float32Array, symbols: Int32Array, by: number): Float32Array {
  return Float32Array.from(label, (_, row) => (symbols[row - by] === symbols[row] ? label[row - by]! : Number.NaN))
}

type Observation = Record<keyof Shifted, number>

function observationsOf(feature: Float32Array, labels: Shifted, groups: readonly LeakGroup[]): Observation[] {
  const clusters = new Map<number, Observation[]>()
  for (const { cluster, rows } of groups) {
    const shared = rows.filter((row) => [labels.label, labels.before, labels.behind].every((each) => Number.isFinite(each[row])))
    const [label, before, behind] = [labels.label, labels.before, labels.behind].map((each) => rankCorrelationOn(feature, each, shared))
    // where neither shift varies there is nothing to stand out against
    if (Number.isNaN(label!)) continue
    const found = { label: label!, before: before! || 0, behind: behind! || 0 }
    clusters.set(cluster, [...(clusters.get(cluster) ?? []), found])
  }
  return [...clusters]
    .sort(([a], [b]) => a - b)
    .map(([, found]) => ({
      label: mean(found.map((each) => each.label)),
      before: mean(found.map((each) => each.before)),
      behind: mean(found.map((each) => each.behind)),
    }))
}

const meanOf = (values: readonly number[]) => (values.length === 0 ? null : mean(values))

/** So that the mean is not negative. */
function oriented(values: readonly number[]): readonly number[] {
  return mean(values) < 0 ? values.map((value) => -value) : values
}

/** An excess that never varies is above zero or is not. */
function pOfExcess(values: readonly number[], reach: number): number {
  const { pValue, mean: centre } = testMeanAboveZero(values, reach)
  return pValue ?? (centre > 0 ? 0 : 1)
}
