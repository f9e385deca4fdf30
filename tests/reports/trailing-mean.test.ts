import { expect, test } from 'vitest'
import { trailingMean } from '#reports/trailing-mean.ts'

test('begins when the span is full, and has no value where one of its span is missing', () => {
  expect(trailingMean([1, 2, 3, 4], 2)).toEqual([null, 1.5, 2.5, 3.5])
  expect(trailingMean([1, null, 3, 5, 7], 2)).toEqual([null, null, null, 4, 6])
  expect(trailingMean([4], 1)).toEqual([4])
  expect(trailingMean([], 3)).toEqual([])
})
