/** Rises whenever the same build may give other statistics. */
export const statisticsVersion = '1'
