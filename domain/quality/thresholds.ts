/** What counts as worth a look. Every report carries these figures, for a reader must know what was not looked for. */
export const thresholds = {
  /** equal closes in a row: five sessions are a week without a price */
  staleSessions: 5,
  /** |z| of a log return, by median and MAD: daily returns have fat tails, so that a few of any long history pass 6 */
  outlierZ: 10,
  /** returns that a median and a MAD are taken of, at least */
  outlierReturns: 60,
  /** log of 4/3, the smallest usual split: of a move, or of a wick beyond open and close */
  splitSizedLog: Math.log(4 / 3),
  /** a move that the next session takes back but for this part of it is more likely a wrong price than news */
  reversalPart: 0.2,
  /** log returns of the vendor's adjusted close and of ours that differ by more tell different histories */
  disagreementLog: 0.01,
  /** sessions of one gap that are more than a forgotten day */
  longGapSessions: 20,
} as const

/** Things of one kind that a report lists; all are counted. */
export const mostListed = 200
