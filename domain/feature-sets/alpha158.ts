import type { FeatureDefinition, FeatureSet } from './feature-set.ts'

/** Name and expression of Qlib's `Alpha158DL` (qlib.contrib.data.loader, 0.9.7), in its order. */
const candle: [string, string][] = [
  ['KMID', '($close-$open)/$open'],
  ['KLEN', '($high-$low)/$open'],
  ['KMID2', '($close-$open)/($high-$low+1e-12)'],
  ['KUP', '($high-Greater($open,$close))/$open'],
  ['KUP2', '($high-Greater($open,$close))/($high-$low+1e-12)'],
  ['KLOW', '(Less($open,$close)-$low)/$open'],
  ['KLOW2', '(Less($open,$close)-$low)/($high-$low+1e-12)'],
  ['KSFT', '(2*$close-$high-$low)/$open'],
  ['KSFT2', '(2*$close-$high-$low)/($high-$low+1e-12)'],
]

const prices = ['open', 'high', 'low', 'vwap']

const windows = [5, 10, 20, 30, 60]

/** What rose, what fell and both, of a series from row to row: their sums over a window make RSI's relatives. */
const gains = (series: string, d: number) => `Sum(Greater(${series}-Ref(${series},1),0),${d})`
const losses = (series: string, d: number) => `Sum(Greater(Ref(${series},1)-${series},0),${d})`
const moves = (series: string, d: number) => `(Sum(Abs(${series}-Ref(${series},1)),${d})+1e-12)`

const moneyFlow = 'Abs($close/Ref($close,1)-1)*$volume'

const rolling: [string, (d: number) => string][] = [
  ['ROC', (d) => `Ref($close,${d})/$close`],
  ['MA', (d) => `Mean($close,${d})/$close`],
  ['STD', (d) => `Std($close,${d})/$close`],
  ['BETA', (d) => `Slope($close,${d})/$close`],
  ['RSQR', (d) => `Rsquare($close,${d})`],
  ['RESI', (d) => `Resi($close,${d})/$close`],
  ['MAX', (d) => `Max($high,${d})/$close`],
  ['MIN', (d) => `Min($low,${d})/$close`],
  ['QTLU', (d) => `Quantile($close,${d},0.8)/$close`],
  ['QTLD', (d) => `Quantile($close,${d},0.2)/$close`],
  ['RANK', (d) => `Rank($close,${d})`],
  ['RSV', (d) => `($close-Min($low,${d}))/(Max($high,${d})-Min($low,${d})+1e-12)`],
  ['IMAX', (d) => `IdxMax($high,${d})/${d}`],
  ['IMIN', (d) => `IdxMin($low,${d})/${d}`],
  ['IMXD', (d) => `(IdxMax($high,${d})-IdxMin($low,${d}))/${d}`],
  ['CORR', (d) => `Corr($close,Log($volume+1),${d})`],
  ['CORD', (d) => `Corr($close/Ref($close,1),Log($volume/Ref($volume,1)+1),${d})`],
  ['CNTP', (d) => `Mean($close>Ref($close,1),${d})`],
  ['CNTN', (d) => `Mean($close<Ref($close,1),${d})`],
  ['CNTD', (d) => `Mean($close>Ref($close,1),${d})-Mean($close<Ref($close,1),${d})`],
  ['SUMP', (d) => `${gains('$close', d)}/${moves('$close', d)}`],
  ['SUMN', (d) => `${losses('$close', d)}/${moves('$close', d)}`],
  ['SUMD', (d) => `(${gains('$close', d)}-${losses('$close', d)})/${moves('$close', d)}`],
  ['VMA', (d) => `Mean($volume,${d})/($volume+1e-12)`],
  ['VSTD', (d) => `Std($volume,${d})/($volume+1e-12)`],
  ['WVMA', (d) => `Std(${moneyFlow},${d})/(Mean(${moneyFlow},${d})+1e-12)`],
  ['VSUMP', (d) => `${gains('$volume', d)}/${moves('$volume', d)}`],
  ['VSUMN', (d) => `${losses('$volume', d)}/${moves('$volume', d)}`],
  ['VSUMD', (d) => `(${gains('$volume', d)}-${losses('$volume', d)})/${moves('$volume', d)}`],
]

const named = ([name, expression]: [string, string]): FeatureDefinition => ({ name, expression })

export const alpha158: FeatureSet = {
  name: 'alpha158',
  version: 1,
  description: "Qlib's Alpha158: candles, prices and 29 rolling statistics over 5, 10, 20, 30 and 60 sessions",
  features: [
    ...candle.map(named),
    ...prices.map((price) => ({ name: `${price.toUpperCase()}0`, expression: `$${price}/$close` })),
    ...rolling.flatMap(([name, expression]) => windows.map((d) => named([`${name}${d}`, expression(d)]))),
  ],
}
