/** What a suite's report says, however its runner ended. */
export type Tally = {
  passed: number
  failed: number
  /** full names */
  skipped: string[]
  /** folders below tests/ in which a test ran */
  parts: string[]
}

type VitestReport = {
  success: boolean
  testResults: {
    name: string
    status: string
    assertionResults: { status: string; fullName: string }[]
  }[]
}

/** vitest's JSON. A file that could not be collected, or whose hooks failed, counts as one failure. */
export function tallyOfVitest(report: VitestReport, projectRoot: string): Tally {
  const tally: Tally = { passed: 0, failed: 0, skipped: [], parts: [] }
  for (const { name, status, assertionResults } of report.testResults) {
    const file = name.replace(projectRoot, '')
    const passed = assertionResults.filter((test) => test.status === 'passed').length
    const failed = assertionResults.filter((test) => test.status === 'failed').length
    const skipped = assertionResults.filter((test) => test.status !== 'passed' && test.status !== 'failed')
    tally.passed += passed
    tally.failed += failed === 0 && status === 'failed' ? 1 : failed
    tally.skipped.push(...skipped.map(({ fullName }) => `${file}: ${fullName}`))
    const part = /^tests\/([^/]+)\//.exec(file)?.[1]
    if (passed > 0 && part !== undefined && !tally.parts.includes(part)) tally.parts.push(part)
  }
  return tally
}

/** JUnit's XML as pytest writes it: one `testcase` a test, with `failure`, `error` or `skipped` in it. */
export function tallyOfJunit(xml: string): Tally {
  const tally: Tally = { passed: 0, failed: 0, skipped: [], parts: [] }
  for (const [, attributes = '', body = ''] of xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const name = `${/\bclassname="([^"]*)"/.exec(attributes)?.[1]}.${/\bname="([^"]*)"/.exec(attributes)?.[1]}`
    if (/<(?:failure|error)\b/.test(body)) tally.failed++
    else if (/<skipped\b/.test(body)) tally.skipped.push(name)
    else tally.passed++
  }
  return tally
}

/** `failure` says how the runner ended, when it did not end well. */
export type SuiteOutcome = { name: string; failure: string | undefined; tally: Tally | undefined; neededParts: string[] }

/** What is wrong with a suite beside its failed tests: green by absence is red. */
export function problemsOf({ name, failure, tally, neededParts }: SuiteOutcome, allowedSkips: readonly string[]): string[] {
  if (tally === undefined) return [`${name}: no report, the runner ended with ${failure ?? 'status 0'}`]
  const problems = tally.skipped.filter((test) => !allowedSkips.includes(test)).map((test) => `${name}: skipped without leave: ${test}`)
  if (tally.passed + tally.failed === 0) problems.push(`${name}: not one test ran`)
  if (failure !== undefined && tally.failed === 0) problems.push(`${name}: no test failed, yet the runner ended with ${failure}`)
  if (failure === undefined && tally.failed > 0) problems.push(`${name}: ${tally.failed} tests failed, yet the runner ended with status 0`)
  for (const part of neededParts) if (!tally.parts.includes(part)) problems.push(`${name}: no test of tests/${part} passed`)
  return problems
}

export type Total = { passed: number; failed: number; skipped: number; problems: string[] }

/** Each problem counts as one failure, so that the last line never says 0 failed beside a failed run. */
export function totalOf(outcomes: SuiteOutcome[], allowedSkips: readonly string[]): Total {
  const problems = outcomes.flatMap((outcome) => problemsOf(outcome, allowedSkips))
  const sum = (count: (tally: Tally) => number) => outcomes.reduce((total, { tally }) => total + (tally ? count(tally) : 0), 0)
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed) + problems.length,
    skipped: sum(({ skipped }) => skipped.length),
    problems,
  }
}

export const lastLine = ({ passed, failed, skipped }: Total) => `${passed} passed, ${failed} failed, ${skipped} skipped`
