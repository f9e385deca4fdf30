import { open } from 'node:fs/promises'

/** A cell of one symbol's feature, `row` counted from its listing. */
export type Cell = { symbol: string; feature: number; row: number; ours: number; peer: number }

/**
 * Compares what we computed with what the peer stored, symbol by symbol: missing in the same cells, and else within 1e-4 of
 * the peer's, or 1e-5 near zero. Answers the cells that are not so.
 * @throws Error when the peer's file has another size
 */
export async function differingCells(
  store: string,
  symbols: readonly string[],
  answers: readonly Float32Array[],
  features: number,
): Promise<Cell[]> {
  const file = await open(store)
  try {
    const cells: Cell[] = []
    let at = 0
    for (const [index, symbol] of symbols.entries()) {
      const ours = answers[index]!
      const peer = new Float32Array(ours.length)
      const { bytesRead } = await file.read(new Uint8Array(peer.buffer), 0, peer.byteLength, at)
      if (bytesRead !== peer.byteLength) throw new Error(`the peer's answer for ${symbol} has ${bytesRead} bytes, not ${peer.byteLength}`)
      at += bytesRead
      const rows = ours.length / features
      for (let cell = 0; cell < ours.length; cell++)
        if (!isNear(ours[cell]!, peer[cell]!))
          cells.push({ symbol, feature: Math.floor(cell / rows), row: cell % rows, ours: ours[cell]!, peer: peer[cell]! })
    }
    const { size } = await file.stat()
    if (size !== at) throw new Error(`the peer's answer has ${size} bytes, ours ${at}`)
    return cells
  } finally {
    await file.close()
  }
}

export const isNear = (ours: number, peer: number) =>
  ours === peer || (ours !== ours && peer !== peer) || Math.abs(ours - peer) <= Math.max(1e-5, 1e-4 * Math.abs(peer))
