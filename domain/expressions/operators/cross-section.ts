/** Operators over all symbols of one session. A group of symbols cannot be computed by itself: see stages.ts. */
import * as kernels from '../kernels/cross-section.ts'
import { type CrossSection, thisRow } from '../operator.ts'

const define = (across: CrossSection['across']): CrossSection => ({
  parameters: [{ kind: 'series' }],
  answers: 'series',
  rows: thisRow,
  exact: false,
  across,
})

export const crossSections = new Map<string, CrossSection>([
  ['CSRank', define(kernels.percentileRank)],
  ['CSZScore', define(kernels.zScore)],
  ['CSRobustZScore', define(kernels.robustZScore)],
  ['CSFillna', define(kernels.fillMissing)],
  ['CSProcessInf', define(kernels.replaceInfinite)],
])
