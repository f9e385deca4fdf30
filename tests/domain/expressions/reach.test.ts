import { describe, expect, it } from 'vitest'
import { parse } from '#domain/expressions/parse.ts'
import { lookahead, lookback, reach } from '#domain/expressions/reach.ts'

describe('reach', () => {
  it.each([
    ['$close', 1, 0],
    ['Ref($close,5)', 6, 0],
    ['Mean($close,5)/$close', 5, 0],
    ['Mean(Ref($close,3),5)', 8, 0],
    ['Std($close/Ref($close,1)-1,60)', 61, 0],
    ['Delta(Mean($close,5),2)', 7, 0],
    ['Corr($close/Ref($close,1),Log($volume/Ref($volume,1)+1),60)', 61, 0],
    ['Quantile($close,30,0.8)', 30, 0],
    ['IdxMax(Ref($high,2),5)/5', 7, 0],
    ['Rank(Slope($close,10),5)', 14, 0],
    ['TA_SMA($close,20)', 20, 0],
    ['TA_RSI($close,14)', 15, 0],
    ['TA_MACD($close,12,26,9)', 34, 0],
    ['TA_ATR($high,$low,$close,14)', 15, 0],
    ['Mean(TA_TRANGE($high,$low,$close),5)', 6, 0],
    ['EMA($close,12)', 12, 0],
    ['Ref($close,-1)/$close-1', 1, 1],
    ['Ref($close,-2)/Ref($close,-1)-1', 1, 2],
    ['Mean(Ref($close,-5),3)', 1, 5],
    ['Ref(Mean($close,3),-5)', 1, 5],
    ['Ref(Ref($close,-2)/Ref($close,-1)-1,2)', 2, 0],
    ['If($open>1,Ref($close,-3),Ref($close,4))', 5, 3],
    ['Greater($close,0.5)', 1, 0],
    ['Ref(Ref($close,5),-5)', 1, 5],
    ['Ref(Ref($close,-5),5)', 1, 0],
  ])('%s needs %i sessions of history and %i ahead', (text, back, ahead) => {
    expect([lookback(parse(text)), lookahead(parse(text))]).toEqual([back, ahead])
  })

  it('says which expressions remember everything', () => {
    const recursive = [
      'TA_RSI($close,14)/100',
      'Mean(TA_EMA($close,5),3)',
      'EMA($close,3)',
      'TA_ATR($high,$low,$close,2)',
      'TA_MACD_HIST($close,12,26,9)',
    ]
    // an infinity in the operand stays in their sums for good
    recursive.push('Slope(Log($volume),5)', 'Mean(Resi($close/$open,5),3)', 'Rsquare(Ref($close,1),5)')
    const windowed = [
      'Slope($close,5)',
      'Rsquare($close,5)',
      'Resi($volume,5)/$volume',
      'Corr($close,Log($volume),5)',
      'Mean($close,5)',
      'TA_SMA($close,5)',
      'TA_BBANDS_UPPER($close,5,2)',
      'TA_ROC($close,5)',
    ]
    expect(recursive.map((text) => reach(parse(text)).recursive)).toEqual(recursive.map(() => true))
    expect(windowed.map((text) => reach(parse(text)).recursive)).toEqual(windowed.map(() => false))
  })
})
