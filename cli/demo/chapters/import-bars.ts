import { short } from '../../output.ts'
import type { Chapter } from '../chapter.ts'
import { freshPlace } from '../place.ts'
import * as scenario from '../scenario.ts'
import { settled } from '../waiting.ts'

export const importBars: Chapter = {
  name: 'import',
  title: 'Import the real daily bars of four stocks up to 2008-05-30',
  async tell({ client, draft, progress }) {
    const { dataset } = (draft.place = await freshPlace(client))
    const started = await client.datasets.sync(dataset, {
      connector: { kind: 'sample', symbols: scenario.symbols, through: scenario.lastSession },
    })
    const sync = await settled(
      () => client.datasets.findSync(dataset, started.id),
      (s) => s.endedAt !== null || s.state === 'held',
      (s) => progress(s.step),
    )
    if ((sync.state !== 'landed' && sync.state !== 'unchanged') || sync.snapshotId === null)
      throw new Error(`the import ended as ${sync.state}: ${sync.failure ?? 'a price jump waits for approval'}`)
    draft.snapshot = { id: sync.snapshotId, symbols: sync.symbols, rows: sync.rows }
    const real = sync.jumps.filter((jump) => jump.clearedBy === 'adjusted-close')
    const jumps = real.map((j) => `${j.symbol} ${j.session} ${(j.change * 100).toFixed(0)} %`).join(', ')
    return `snapshot ${short(sync.snapshotId)}: ${sync.rows} bars; ${real.length} jump${real.length === 1 ? '' : 's'} shown to be real by the adjusted close (${jumps})`
  },
}
