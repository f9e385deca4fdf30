/** The sum can fail: everything that makes a run green by absence is red. */
import { describe, expect, test } from 'vitest'
import { lastLine, problemsOf, type SuiteOutcome, type Tally, tallyOfJunit, tallyOfVitest, totalOf } from './tally.ts'

const green: Tally = { passed: 3, failed: 0, skipped: [], parts: ['domain'] }
const outcome = (changes: Partial<SuiteOutcome> = {}): SuiteOutcome => ({
  name: 'typescript',
  failure: undefined,
  tally: green,
  neededParts: ['domain'],
  ...changes,
})

test('a green suite has no problems', () => {
  expect(problemsOf(outcome(), [])).toEqual([])
})

test.each<[string, Partial<SuiteOutcome>]>([
  ['a runner without a report', { tally: undefined, failure: 'status 139' }],
  ['a report without tests', { tally: { ...green, passed: 0 } }],
  ['a runner that crashed after its tests', { failure: 'SIGKILL' }],
  ['a runner that hides its failures', { tally: { ...green, failed: 1 } }],
  ['a missing part', { neededParts: ['domain', 'serving'] }],
  ['a skipped test', { tally: { ...green, skipped: ['tests/domain/a.test.ts: b'] } }],
])('%s is a problem and a failure', (_, changes) => {
  expect(problemsOf(outcome(changes), [])).toHaveLength(1)
  expect(totalOf([outcome(), outcome(changes)], []).failed).toBeGreaterThan(0)
})

test('a skip with leave is counted and is no problem', () => {
  const total = totalOf([outcome({ tally: { ...green, skipped: ['a'] } })], ['a'])
  expect(lastLine(total)).toBe('3 passed, 0 failed, 1 skipped')
})

test('sums over the suites', () => {
  expect(lastLine(totalOf([outcome(), outcome({ failure: 'status 1', tally: { ...green, failed: 2 } })], []))).toBe(
    '6 passed, 2 failed, 0 skipped',
  )
})

describe('reports', () => {
  const file = (name: string, status: string, tests: string[]) => ({
    name: `/checkout/tests/${name}`,
    status,
    assertionResults: tests.map((test, index) => ({ status: test, fullName: `test ${index}` })),
  })

  test('of vitest: tests by status, and the parts in which one passed', () => {
    const testResults = [file('domain/a.test.ts', 'passed', ['passed', 'skipped']), file('api/b.test.ts', 'failed', ['failed', 'todo'])]
    expect(tallyOfVitest({ success: false, testResults }, '/checkout/')).toEqual({
      passed: 1,
      failed: 1,
      skipped: ['tests/domain/a.test.ts: test 1', 'tests/api/b.test.ts: test 1'],
      parts: ['domain'],
    })
  })

  test('of vitest: a file that could not be collected is a failure', () => {
    expect(tallyOfVitest({ success: false, testResults: [file('api/b.test.ts', 'failed', [])] }, '/checkout/').failed).toBe(1)
  })

  test('of pytest', () => {
    const xml = `<?xml version="1.0"?><testsuites><testsuite tests="4">
      <testcase classname="tests.test_fit" name="test_a" time="0.1" />
      <testcase classname="tests.test_fit" name="test_b" time="0.1"><failure message="x &gt; y">…</failure></testcase>
      <testcase classname="tests.test_fit" name="test_c" time="0.1"><error message="fixture">…</error></testcase>
      <testcase classname="tests.test_fit" name="test_d[1-2]" time="0.0"><skipped type="pytest.skip" message="m">…</skipped></testcase>
    </testsuite></testsuites>`
    expect(tallyOfJunit(xml)).toEqual({ passed: 1, failed: 2, skipped: ['tests.test_fit.test_d[1-2]'], parts: [] })
  })
})
