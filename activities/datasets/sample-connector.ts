import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Connector, ConnectorWorld, SourceRow } from './connector.ts'
import { readCsvRows } from './csv-rows.ts'

/** Those with bars from the first years on; FB was listed in 2012. */
export const sampleSymbols = ['AAPL', 'GOOG', 'IBM', 'MSFT']
export const sampleThrough = '2008-05-30'

const file = 'bokeh_sampledata/_data/stocks.csv.gz'
const whereIsIt = `from importlib.resources import files; print(files('bokeh_sampledata') / '_data' / 'stocks.csv.gz')`

/** Real daily bars, 2000-03-01 to 2013-03-01, raw with the vendor's adjusted close, out of the package bokeh-sampledata (BSD). */
export const sampleConnector = (config: Extract<ConnectorConfig, { kind: 'sample' }>, world: Pick<ConnectorWorld, 'python'>): Connector => {
  const wanted = new Set(config.symbols ?? sampleSymbols)
  return {
    file,
    knownAtBasis: 'assumed',
    facts: async () => ({ calendar: { kind: 'exchange', name: 'XNYS', basis: 'named' } }),
    async *rows() {
      const source = createReadStream(await locateSample(world.python)).pipe(createGunzip())
      const seen = new Set<string>()
      for await (const batch of readCsvRows(source, file)) yield wantedOf(batch, wanted, seen)
      const absent = [...wanted].filter((symbol) => !seen.has(symbol))
      if (absent.length > 0)
        throw new QuantloopError('not_found', `the sample has no ${absent.join(', ')}: it holds AAPL, FB, GOOG, IBM and MSFT`, { file })
    },
  }
}

function* wantedOf(batch: Iterable<SourceRow>, wanted: ReadonlySet<string>, seen: Set<string>): Generator<SourceRow> {
  for (const source of batch) {
    const { row } = source
    if ('reason' in row) yield source
    else if (wanted.has(row.symbol)) {
      seen.add(row.symbol)
      yield source
    }
  }
}

const located = new Map<string, Promise<string>>()

/** Asks an interpreter once where its package lies. */
async function locateSample(python: string): Promise<string> {
  let asked = located.get(python)
  if (asked === undefined) located.set(python, (asked = askPython(python)))
  try {
    return await asked
  } catch (error) {
    located.delete(python)
    throw error
  }
}

async function askPython(python: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', whereIsIt], { timeout: 20_000 })
    return stdout.trim()
  } catch (error) {
    throw new QuantloopError(
      'not_found',
      `${python} has no package bokeh_sampledata, which holds the sample: run the set-up again, or set trainer.python`,
      { file },
      { cause: error },
    )
  }
}
