import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExpressionError } from '#domain/expressions/expression-error.ts'
import { operatorNames } from '#domain/expressions/operators.ts'
import { deepest, parse } from '#domain/expressions/parse.ts'
import { print } from '#domain/expressions/print.ts'
import { expressions, shapeOf } from './arbitrary.ts'

describe('parsing', () => {
  it('reads what was printed as the same tree, and prints that as the same text', () =>
    fc.assert(
      fc.property(expressions({ ahead: true }), (expression) => {
        const text = print(expression)
        const read = parse(text)
        expect(shapeOf(read)).toEqual(shapeOf(expression))
        expect(print(read)).toBe(text)
      }),
      { numRuns: 500 },
    ))

  it.each([
    ['Mean( $close , 5 ) / $close', 'Mean($close,5)/$close'],
    ['Sub($high,$low)', '$high-$low'],
    ['$a-($b-$c)', '$a-($b-$c)'],
    ['($a-$b)-$c', '$a-$b-$c'],
    ['$a/($b*$c)', '$a/($b*$c)'],
    ['($a+$b)*$c', '($a+$b)*$c'],
    ['$a**2**3', 'Power($a,8)'],
    ['-$a**2', '-1*Power($a,2)'],
    ['2**-1*$a', '0.5*$a'],
    ['$a+2*3', '$a+6'],
    ['+$a--1', '$a--1'],
    ['($a>1)&($b>2)|($c>3)', '($a>1)&($b>2)|($c>3)'],
    ['$a>$b+1', '$a>$b+1'],
    ['If($a>$b,1,-1)', 'If($a>$b,1,-1)'],
    ['1e-12+$a', '1e-12+$a'],
    ['.5*$a', '0.5*$a'],
  ])('%s is %s', (text, printed) => expect(print(parse(text))).toBe(printed))

  it('groups & before a comparison, as Python does, and says so', () =>
    expect(() => parse('$a>1&$b>2')).toThrow(/argument 1 of And must be a condition such as \$close>\$open, not a number/))
})

describe('an expression at fault', () => {
  it.each([
    ['', 1, 'expected a number, a $column or an operator, found the end'],
    ['Mean($close,5', 14, 'expected , for the ( at character 5, found the end'],
    ['($close', 8, 'expected ) for the ( at character 1, found the end'],
    ['$close $open', 8, 'expected the end, found $open'],
    ['$close @ 2', 8, 'cannot read "@ 2"'],
    ['close/2', 6, 'a column is written $close'],
    ['Meen($close,5)', 1, 'unknown operator Meen: did you mean Mean'],
    ['TA_BBANDS($close,20)', 1, 'did you mean TA_BBANDS_LOWER or TA_BBANDS_MIDDLE or TA_BBANDS_UPPER?'],
    ['1+Mean($close)', 3, 'Mean takes (values, window), not 1 arguments'],
    ['Mean($close,0)', 13, 'the window, must be a whole number from 1 up to 100000, not 0'],
    ['Mean($close,-5)', 13, 'not -5'],
    ['Mean($close,2.5)', 13, 'not 2.5'],
    ['Mean($close,$open)', 13, 'the window, must be written as a number'],
    ['Mean(5,5)', 6, 'must be a column, not a number'],
    ['Std($close,1)', 12, 'from 2 up to 100000'],
    ['Ref($close,0)', 12, 'not 0'],
    ['Skew($close,2)', 13, 'from 3 up to 100000'],
    ['Kurt($close,3)', 13, 'from 4 up to 100000'],
    ['Slope($close,1)', 14, 'from 2 up to 100000'],
    ['Corr($close,$volume,0)', 21, 'argument 3 of Corr, the window, must be a whole number from 2 up to 100000, not 0'],
    ['Corr($close,10)', 1, 'Corr takes (values, values, window), not 2 arguments'],
    ['Cov(1,$close,10)', 5, 'argument 1 of Cov must be a column, not a number'],
    ['Quantile($close,5)', 1, 'Quantile takes (values, window, quantile), not 2 arguments'],
    ['Quantile($close,5,1.5)', 19, 'argument 3 of Quantile, the quantile, must be a number from 0 up to 1, not 1.5'],
    ['Quantile($close,-1,0.5)', 17, 'not -1'],
    ['Rank($close,0)', 13, 'not 0'],
    ['Medd($close,5)', 1, 'did you mean Med'],
    ['IdxMx($close,5)', 1, 'did you mean IdxMax'],
    ['EMA($close,0)', 12, 'above 0'],
    ['Ref($close>1,1)', 11, 'must be a column of numbers, not a condition'],
    ['CSRank($close>1)', 14, 'must be a column of numbers, not a condition'],
    ['CSZScore(5)', 10, 'must be a column of numbers, not a number'],
    ['CSRank($close,5)', 1, 'CSRank takes (series), not 2 arguments'],
    ['CSRnk($close)', 1, 'unknown operator CSRnk: did you mean CSRank?'],
    ['If($close,1)', 1, 'If takes (values, operand, operand), not 2 arguments'],
    ['($close>1)+($open>1)', 11, 'Add of two conditions: join them with & or |'],
    ['($close>1)&$open', 12, 'argument 2 of And must be a condition'],
    ['$close<$open<$high', 13, 'comparisons do not chain'],
    ['$close/0', 8, 'division by zero'],
    ['$close/(1-1)', 9, 'division by zero'],
    ['Div($close,0)', 12, 'division by zero'],
    ['$close/($open-$open)', 14, 'division by zero: this is zero on every row'],
    ['1/(Mean($open*0,5)+Abs(0*$low))', 19, 'zero on every row'],
    ['Mean($high/Delta($low*0,3),5)', 12, 'zero on every row'],
    ['1>2', 2, 'compares two numbers'],
    ['10**400', 3, 'no finite value'],
    ['1e999', 1, 'out of range'],
    ['Mean($close,,5)', 13, 'found ,'],
  ])('%j points at character %i', (text, position, words) => {
    let error: unknown
    try {
      parse(text)
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(ExpressionError)
    expect((error as ExpressionError).message).toContain(words)
    expect((error as ExpressionError).place).toEqual({ expression: text, position })
  })

  it.each([
    ['parentheses', '(', deepest + 2],
    ['calls', 'Abs(', 4 * deepest + 5],
    ['signs', '-', deepest + 2],
  ])('of 10,000 nested %s points at the first that is too deep', (_, opening, position) => {
    const nested = () => parse(`${opening.repeat(10_000)}$close`)
    expect(nested).toThrow(ExpressionError)
    expect(nested).toThrow(`nested deeper than ${deepest} (character ${position})`)
  })

  it('holds no more of a long expression than a log has room for', () => {
    const read = () => parse(`${'('.repeat(10_000)}$close`)
    expect(read).toThrow(expect.objectContaining({ place: { expression: `${'('.repeat(2000)}…`, position: deepest + 2 } }))
  })

  it('is never anything but an ExpressionError', () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'()$,+-*/<>&|=!.0123e '.split(''), '$close', 'Mean', 'Ref', '**', ...operatorNames), { maxLength: 25 }),
        (parts) => {
          try {
            print(parse(parts.join('')))
          } catch (error) {
            expect(error).toBeInstanceOf(ExpressionError)
          }
        },
      ),
      { numRuns: 2000 },
    ))

  it('shows the place under the text, also far into a long one', () => {
    const text = `${'$close+'.repeat(40)}oops`
    expect(() => parse(text)).toThrow(/\n {2}.*oops\n {2} {60}\^$/)
  })
})
