/**
 * Rolling sums keep their rounding errors: after a million rows a sum that was only ever added to and subtracted from is
 * wrong by all of them. Here rows are cut into blocks, and each block begins with sums computed anew from its window: an
 * error ends with its block, and a computation begun at any multiple of the block's length gives the same bits.
 */

/** Rows between two fresh starts: enough to make them cheap, however long the window. */
export const blockRows = (period: number) => Math.max(64, period)
