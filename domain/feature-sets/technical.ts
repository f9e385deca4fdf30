import type { FeatureDefinition, FeatureSet } from './feature-set.ts'

const each = <T extends number>(periods: readonly T[], define: (period: T) => FeatureDefinition[]) => periods.flatMap(define)

/** The daily range as a share of the low, on a log scale; the cent keeps a session without a range finite. */
const logRange = 'Log($high/$low-1+0.001)'

const band = (line: 'UPPER' | 'LOWER', period: number) => `TA_BBANDS_${line}($close,${period},2)`

export const technical: FeatureSet = {
  name: 'technical',
  version: 1,
  description: 'Momentum, trend, bands, range and volume of one symbol, as ratios that do not depend on the price level',
  features: [
    ...each([6, 14, 24], (n) => [{ name: `rsi_${n}`, expression: `TA_RSI($close,${n})` }]),
    { name: 'macd', expression: 'TA_MACD($close,12,26,9)/$close' },
    { name: 'macd_signal', expression: 'TA_MACD_SIGNAL($close,12,26,9)/$close' },
    { name: 'macd_histogram', expression: 'TA_MACD_HIST($close,12,26,9)/$close' },
    ...each([10, 20], (n) => [
      { name: `bollinger_width_${n}`, expression: `(${band('UPPER', n)}-${band('LOWER', n)})/TA_BBANDS_MIDDLE($close,${n},2)` },
      { name: `bollinger_position_${n}`, expression: `($close-${band('LOWER', n)})/(${band('UPPER', n)}-${band('LOWER', n)})` },
    ]),
    ...each([5, 10, 20, 60], (n) => [
      { name: `sma_${n}`, expression: `TA_SMA($close,${n})/$close` },
      { name: `return_deviation_${n}`, expression: `Std($close/Ref($close,1)-1,${n})` },
    ]),
    ...each([1, 5, 10, 20, 60], (n) => [{ name: `roc_${n}`, expression: `TA_ROC($close,${n})` }]),
    ...each([12, 26], (n) => [{ name: `ema_${n}`, expression: `TA_EMA($close,${n})/$close` }]),
    { name: 'atr_14', expression: 'TA_ATR($high,$low,$close,14)/$close' },
    { name: 'true_range_5', expression: 'Mean(TA_TRANGE($high,$low,$close),5)/$close' },
    ...each([5, 20, 60], (n) => [
      { name: `volume_${n}`, expression: `$volume/Mean($volume,${n})` },
      { name: `log_range_${n}`, expression: `Mean(${logRange},${n})` },
    ]),
  ],
}
