/**
 * Our indicators against TA-Lib in C, called from Python and timed there, and against the technicalindicators package.
 * One indicator over one series a call. Both write into memory that is there already: ours is given, and NumPy gets its
 * own freed arrays back from the allocator. The package allocates as it likes.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BollingerBands, EMA, MACD, RSI, SMA } from 'technicalindicators'
import { writeBollinger } from '#domain/indicators/bollinger.ts'
import { advanceEma, emaState } from '#domain/indicators/ema.ts'
import { advanceMacd, macdState } from '#domain/indicators/macd.ts'
import { advanceRsi, rsiState } from '#domain/indicators/rsi.ts'
import { writeSma } from '#domain/indicators/sma.ts'
import { fastest, type Measurement, measurement, pairedMedians } from './measurement.ts'
import { PythonPeer } from './python-peer.ts'

/** In TA-Lib's order of lines. */
type Indicator = {
  name: string
  lines: number
  ours: (values: Float64Array, out: Float64Array[]) => void
  talib: { function: string; settings: number[] }
  package: (values: number[]) => unknown[]
  /** what the package's answer holds for the line that is compared; its MACD is seeded otherwise, and its RSI rounded */
  packageValue: (answer: unknown) => number
  tolerance: number
}

const indicators: Indicator[] = [
  {
    name: 'TA_SMA 20',
    lines: 1,
    ours: (values, [line]) => writeSma(values, 20, line!),
    talib: { function: 'SMA', settings: [20] },
    package: (values) => SMA.calculate({ period: 20, values }),
    packageValue: (answer) => answer as number,
    tolerance: 1e-9,
  },
  {
    name: 'TA_EMA 20',
    lines: 1,
    ours: (values, [line]) => advanceEma(emaState(20), values, line!),
    talib: { function: 'EMA', settings: [20] },
    package: (values) => EMA.calculate({ period: 20, values }),
    packageValue: (answer) => answer as number,
    tolerance: 1e-9,
  },
  {
    name: 'TA_RSI 14',
    lines: 1,
    ours: (values, [line]) => advanceRsi(rsiState(14), values, line!),
    talib: { function: 'RSI', settings: [14] },
    package: (values) => RSI.calculate({ period: 14, values }),
    packageValue: (answer) => answer as number,
    tolerance: 0.0051,
  },
  {
    name: 'TA_MACD 12 26 9',
    lines: 3,
    ours: (values, [line, signal, histogram]) =>
      advanceMacd(macdState(12, 26, 9), values, { line: line!, signal: signal!, histogram: histogram! }),
    talib: { function: 'MACD', settings: [12, 26, 9] },
    package: (values) =>
      MACD.calculate({ values, fastPeriod: 12, slowPeriod: 26, signalPeriod: 9, SimpleMAOscillator: false, SimpleMASignal: false }),
    packageValue: (answer) => (answer as { MACD: number }).MACD,
    tolerance: 1e-9,
  },
  {
    name: 'TA_BBANDS 20',
    lines: 3,
    ours: (values, [upper, middle, lower]) => writeBollinger(values, 20, 2, { upper: upper!, middle: middle!, lower: lower! }),
    talib: { function: 'BBANDS', settings: [20, 2, 2] },
    package: (values) => BollingerBands.calculate({ period: 20, values, stdDev: 2 }),
    packageValue: (answer) => (answer as { upper: number }).upper,
    tolerance: 1e-9,
  },
]

/** Each repeat is the fastest of so many calls in a row, on both sides: enough for one that nothing else disturbs. */
const calls = 15

export async function benchmark(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-bench-'))
  const peer = new PythonPeer('talib', 'indicators.py')
  try {
    const measured: Measurement[] = []
    for (const rows of [100_000, 1_000_000]) {
      const values = prices(rows)
      await writeFile(join(folder, 'values.f64'), new Uint8Array(values.buffer))
      await peer.ask({ load: join(folder, 'values.f64') })
      for (const indicator of indicators) measured.push(await againstTalib(indicator, values, peer, join(folder, 'answer.f64')))
    }
    const values = prices(100_000)
    for (const indicator of indicators) measured.push(await againstPackage(indicator, values))
    return measured
  } finally {
    await peer.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function againstTalib(indicator: Indicator, values: Float64Array, peer: PythonPeer, store: string): Promise<Measurement> {
  await peer.ask({ ...indicator.talib, store })
  const bytes = await readFile(store)
  const theirs = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8)
  const ours = memoryFor(indicator, values)
  indicator.ours(values, ours)
  const answersEqual =
    theirs.length === ours.length * values.length &&
    ours.every((line, index) => isEqual(line, theirs.subarray(index * values.length, (index + 1) * values.length), 1e-9))
  const timed = await pairedMedians(
    { repeats: 31, warmUp: 10 },
    () => fastest(calls, () => indicator.ours(values, ours)),
    async () => (await peer.ask<{ seconds: number }>({ ...indicator.talib, calls })).seconds,
  )
  return milliseconds({
    name: `${indicator.name}, ${values.length.toLocaleString('en')} values, against TA-Lib`,
    timed,
    goal: 1.5,
    answersEqual,
  })
}

async function againstPackage(indicator: Indicator, values: Float64Array): Promise<Measurement> {
  const plain = [...values]
  const theirs = indicator.package(plain).map(indicator.packageValue).slice(-50_000)
  const ours = memoryFor(indicator, values)
  indicator.ours(values, ours)
  const answersEqual = isEqual(ours[0]!.subarray(-50_000), Float64Array.from(theirs), indicator.tolerance)
  const timed = await pairedMedians(
    { repeats: 7, warmUp: 2 },
    () => fastest(calls, () => indicator.ours(values, ours)),
    () => fastest(1, () => indicator.package(plain)),
  )
  return milliseconds({
    name: `${indicator.name}, ${values.length.toLocaleString('en')} values, against technicalindicators`,
    timed,
    goal: 1,
    answersEqual,
  })
}

const memoryFor = ({ lines }: Indicator, { length }: Float64Array) => Array.from({ length: lines }, () => new Float64Array(length))

const milliseconds = ({ timed, ...rest }: { name: string; timed: { ours: number; peer: number }; goal: number; answersEqual: boolean }) =>
  measurement({ ...rest, unit: 'ms', ours: timed.ours * 1000, peer: timed.peer * 1000 })

/** Missing in the same rows, and else within `tolerance`, relative for values above 1. */
function isEqual(ours: Float64Array, theirs: Float64Array, tolerance: number): boolean {
  return (
    ours.length === theirs.length &&
    ours.every((value, row) => {
      const other = theirs[row]!
      return Number.isNaN(value) ? Number.isNaN(other) : Math.abs(value - other) <= tolerance * Math.max(1, Math.abs(other))
    })
  )
}

/** A walk that is drawn back to 100, in cents; the same on every machine. */
function prices(rows: number): Float64Array {
  let state = 20_080_530
  let price = 100
  return Float64Array.from({ length: rows }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    price += (100 - price) * 0.001 + (state / 2 ** 32 - 0.5) * 2
    return Math.round(price * 100) / 100
  })
}
