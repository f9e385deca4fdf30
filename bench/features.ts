/**
 * Alpha158 and Alpha360 against pyqlib's own loader, over one data folder in Qlib's format, with as many threads as it
 * has processes: both read the folder and end with every feature of every symbol in memory. Answers are compared cell by
 * cell before times. Where the two differ, arithmetic in 40 digits (peers/qlib/exact.py) must side with ours.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { alpha158 } from '#domain/feature-sets/alpha158.ts'
import { alpha360 } from '#domain/feature-sets/alpha360.ts'
import type { FeatureSet } from '#domain/feature-sets/feature-set.ts'
import { benchmark as dailyBuilds } from './builds.ts'
import { type Cell, differingCells, isNear } from './features/differing-cells.ts'
import { type ListedSymbol, makeSymbol } from './features/market.ts'
import { writeQlibFolder } from './features/qlib-folder.ts'
import type { SymbolTask } from './features/symbol-thread.ts'
import { type Measurement, measurement, pairedMedians } from './measurement.ts'
import { PythonPeer } from './python-peer.ts'

const sessions = 2500
const threads = Math.min(4, availableParallelism())
const mebibyte = 2 ** 20

/** Alpha360 is shifts and divisions alone, and most of its time is memory: it is held to be no slower. */
const compared = [
  { set: alpha158, goal: 1 / 15 },
  { set: alpha360, goal: 1 },
]

type Pool = Piscina<SymbolTask, Float32Array>
type Folder = { path: string; symbols: string[] }

export async function benchmark(): Promise<Measurement[]> {
  const parent = await mkdtemp(join(tmpdir(), 'quantloop-bench-'))
  const peer = new PythonPeer('qlib', 'features.py')
  const pool: Pool = new Piscina({
    filename: fileURLToPath(new URL('./features/symbol-thread.ts', import.meta.url)),
    name: 'computeInThread',
    minThreads: threads,
    maxThreads: threads,
    execArgv: ['--import', import.meta.resolve('tsx')],
  })
  try {
    // the larger market first: later, memory would count what is left over from the comparison
    const size = await atSize(parent, pool)
    return [...(await againstQlib(parent, peer, pool)), ...size, ...(await dailyBuilds())]
  } finally {
    await Promise.all([peer.close(), pool.close()])
    await rm(parent, { recursive: true, force: true })
  }
}

async function againstQlib(parent: string, peer: PythonPeer, pool: Pool): Promise<Measurement[]> {
  const folder = await folderOf(join(parent, 'qlib'), 300)
  await peer.ask({ load: folder.path, threads })
  const measured: Measurement[] = []
  for (const { set, goal } of compared) {
    const answersEqual = await isEqual(folder, set, peer, pool)
    const timed = await pairedMedians(
      { repeats: 3, warmUp: 1 },
      () => seconds(() => computeAll(folder, set, pool)),
      async () => (await peer.ask<{ seconds: number }>({ set: set.name })).seconds,
    )
    measured.push(
      measurement({ name: `${set.name} of 300 symbols × 2,500 sessions, against pyqlib`, unit: 's', ...timed, goal, answersEqual }),
    )
  }
  return measured
}

async function isEqual(folder: Folder, set: FeatureSet, peer: PythonPeer, pool: Pool): Promise<boolean> {
  const store = join(folder.path, 'answer.f32')
  const { names } = await peer.ask<{ names: string[] }>({ set: set.name, store })
  if (names.join() !== set.features.map(({ name }) => name).join()) return false
  const answers = await computeAll(folder, set, pool)
  const differing = await differingCells(store, folder.symbols, answers, set.features.length)
  const judge = differing.map(({ symbol, feature, row }) => [symbol, feature, row])
  const { exact } = await peer.ask<{ exact: (number | null)[] }>({ set: set.name, judge })
  const against = differing.filter(({ ours }, index) => !isNear(ours, exact[index] ?? NaN))
  tell(set, differing, against)
  return against.length === 0
}

/** What the ratio alone does not show: how many cells differ, in which features, and whom exact arithmetic sides with. */
function tell(set: FeatureSet, differing: readonly Cell[], against: readonly Cell[]): void {
  const features = new Set(differing.map(({ feature }) => set.features[feature]!.name))
  process.stderr.write(
    `${set.name}: ${differing.length} cells differ (${[...features].join(', ') || 'none'}); exact arithmetic sides with pyqlib in ${against.length} of them\n`,
  )
  for (const { symbol, feature, row, ours, peer } of against.slice(0, 20))
    process.stderr.write(`  ${set.features[feature]!.name} of ${symbol} at row ${row}: ours ${ours}, theirs ${peer}\n`)
}

/** Time in proportion to the symbols, and memory when each symbol's features are let go once they are there. */
async function atSize(parent: string, pool: Pool): Promise<Measurement[]> {
  const few = await folderOf(join(parent, 'few'), 500)
  const many = await folderOf(join(parent, 'many'), 5000)
  const warm = await consume(few, pool)
  const small = await consume(few, pool)
  const large = await consume(many, pool)
  // before and after, for the large one takes long enough that the machine may change
  const again = await consume(few, pool)
  // of 5,000 symbols one in ten is made as one of the 500 is; its features are the same bytes every time
  const answersEqual = warm.sum === small.sum && again.sum === small.sum && large.sum > small.sum
  const name = 'alpha158 of 5,000 symbols × 2,500 sessions'
  return [
    measurement({
      name: `${name}: time, against ten times 500's`,
      unit: 's',
      ours: large.took,
      peer: 5 * (small.took + again.took),
      goal: 1.2,
      answersEqual,
    }),
    measurement({ name: `${name}: memory, against 4 GiB`, unit: 'MiB', ours: large.peak / mebibyte, peer: 4096, goal: 1, answersEqual }),
  ]
}

/** Some symbols at a time, so that no more of them wait in memory. */
async function consume({ path, symbols }: Folder, pool: Pool): Promise<{ took: number; peak: number; sum: number }> {
  const left = symbols.values()
  let peak = 0
  let sum = 0
  const some = async () => {
    for (const symbol of left) {
      const features = await pool.run({ folder: path, symbol, set: 'alpha158' })
      for (let cell = 0; cell < features.length; cell += 997) if (features[cell]! > 0) sum++
      peak = Math.max(peak, process.memoryUsage.rss())
    }
  }
  const took = await seconds(() => Promise.all(Array.from({ length: 2 * threads }, some)))
  return { took, peak, sum }
}

const computeAll = ({ path, symbols }: Folder, { name }: FeatureSet, pool: Pool): Promise<Float32Array[]> =>
  Promise.all(symbols.map((symbol) => pool.run({ folder: path, symbol, set: name as SymbolTask['set'] })))

async function folderOf(path: string, count: number): Promise<Folder> {
  const symbols: string[] = []
  await mkdir(path)
  writeQlibFolder(path, sessions, made(count, symbols))
  return { path, symbols }
}

/** One symbol in memory at a time. */
function* made(count: number, names: string[]): Generator<ListedSymbol> {
  for (let index = 0; index < count; index++) {
    const symbol = makeSymbol(index, sessions)
    names.push(symbol.symbol)
    yield symbol
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}
