import { describe, expect, it } from 'vitest'
import { inWords } from '#domain/expressions/in-words.ts'
import { operatorNames } from '#domain/expressions/operators.ts'
import { parse } from '#domain/expressions/parse.ts'
import { featureSets } from '#domain/features/feature-sets.ts'

describe('a formula in words', () => {
  it.each([
    ['Mean($close,5)/$close', 'the 5-session mean of the close over the close'],
    ['($close-$open)/$open', '(the close minus the open) over the open'],
    ['$close/Ref($close,20)-1', '(the close over (the close 20 sessions ago)) minus 1'],
    ['Ref($close,-1)', 'the close 1 session ahead'],
    ['Std($close/Ref($close,1)-1,20)', 'the 20-session standard deviation of ((the close over (the close 1 session ago)) minus 1)'],
    ['If($close>$open,$volume,0)', 'the volume where (the close is above the open), else 0'],
    ['Corr($close,Log($volume+1),10)', 'the 10-session correlation of the close and the logarithm of (the volume plus 1)'],
    ['Quantile($close,5,0.8)', 'the 5-session 0.8 quantile of the close'],
    ['TA_ATR($high,$low,$close,14)/$close', 'the average true range (14) of the high, the low and the close over the close'],
    ['TI_DOJI($open,$high,$low,$close)', 'the doji of the open, the high, the low and the close'],
    ['-1*$close', '-1 times the close'],
    ['Greater($open,$close)', 'the larger of the open and the close'],
  ])('%s', (formula, words) => {
    expect(inWords(parse(formula))).toBe(words)
  })

  it('is there for every feature of the sets, names no sign, and differs where the formula does', () => {
    for (const { features } of featureSets) {
      const told = features.map(({ expression }) => inWords(parse(expression)))
      for (const words of told) expect(words).not.toMatch(/[$*/]|undefined|TA_/)
      expect(new Set(told).size).toBe(new Set(features.map(({ expression }) => expression)).size)
    }
  })

  it('has words of its own for every operator but TA-Lib’s rarer ones', () => {
    const plain = operatorNames.filter((name) => !name.startsWith('T'))
    const bare = plain.filter((name) => inWords({ kind: 'call', operator: name, arguments: [], at: 0 }).includes('TA-Lib'))
    expect(bare).toEqual([])
  })
})
