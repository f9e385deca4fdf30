import { describe, expect, test } from 'vitest'
import { type ErrorCode, httpStatusOf, isErrorCode, QuantloopError } from '#contracts/errors.ts'
import { Problem } from '#contracts/problems.ts'

const codes = Object.keys(httpStatusOf) as ErrorCode[]

describe('the map from code to HTTP status', () => {
  test.each(codes)('%s has the status of a client or server error', (code) => {
    expect(httpStatusOf[code]).toBeGreaterThanOrEqual(400)
    expect(httpStatusOf[code]).toBeLessThan(600)
  })

  test.each(codes)('%s is a word that may stand in a URL, a log and an ApplicationFailure', (code) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
  })

  test('the problem details know exactly these codes', () => {
    expect(Problem.shape.code.options.toSorted()).toEqual(codes.toSorted())
  })

  test('is total by type', () => {
    const total: Record<ErrorCode, number> = httpStatusOf
    // @ts-expect-error a code that is not on the list
    void total.no_such_code
    // @ts-expect-error nor can an error be made with it
    void new QuantloopError('no_such_code', 'message')
    expect(Object.keys(total)).toHaveLength(codes.length)
  })
})

describe('isErrorCode', () => {
  test.each(codes)('knows %s', (code) => expect(isErrorCode(code)).toBe(true))
  test.each([undefined, null, 7, {}, '', 'Error', 'toString', 'constructor', '__proto__'])('does not take %o for a code', (value) => {
    expect(isErrorCode(value)).toBe(false)
  })
})

test('an error carries its code, its place and its cause', () => {
  const cause = new Error('socket closed')
  const error = new QuantloopError('source_malformed', 'bars.csv:17: high 9 is below low 10', { file: 'bars.csv', line: 17 }, { cause })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ code: 'source_malformed', place: { file: 'bars.csv', line: 17 }, cause, name: 'QuantloopError' })
})

test('an error quotes what others wrote as what can be stored and shown', () => {
  const { message, place } = new QuantloopError('source_malformed', "found 'a\0\u001b[31m\u009b\ud800\u007f'\n\tand 🙂", {
    symbol: 'A\0',
    line: 1,
  })
  expect(message).toBe("found 'a␀␛[31m␛[\ufffd␡'\n\tand 🙂")
  expect(place).toEqual({ symbol: 'A␀', line: 1 })
})
