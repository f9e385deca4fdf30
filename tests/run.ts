/**
 * `npm test`: every suite, TypeScript and Python, on real servers that are started once. The last line is the sum; the
 * exit status is 1 when anything failed, was skipped without leave, or did not run at all.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServices } from '#stack/start-services.ts'
import { projectRoot } from './check/command.ts'
import { python, runSuite, type Suite, suites } from './run/suites.ts'
import { lastLine, type SuiteOutcome, totalOf } from './run/tally.ts'

/** Full names of tests that may be skipped, each with its reason beside it. None may. */
const allowedSkips: readonly string[] = []

async function services(): Promise<{ stop(): Promise<void> }> {
  if (process.env.QUANTLOOP_TEST_SERVICES) return { stop: async () => {} }
  const started = await startServices({ stateDir: join(projectRoot, '.quantloop/test-services'), python })
  process.env.QUANTLOOP_TEST_SERVICES = JSON.stringify(started.addresses)
  return started
}

/** Suites that were asked for by name, or all. */
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !suites.some((suite) => suite.name === name))
if (unknown.length > 0) throw new Error(`no such suite: ${unknown.join(', ')}; there are ${suites.map(({ name }) => name).join(', ')}`)
const chosen = suites.filter(({ name }) => asked.length === 0 || asked.includes(name))

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort(new Error(`told to end by ${signal}`)))

const reports = await mkdtemp(join(tmpdir(), 'quantloop-tests-'))
const outcomes: (SuiteOutcome & { seconds: number })[] = []
let running: Promise<{ stop(): Promise<void> }> | undefined
const run = async (suite: Suite): Promise<void> => {
  console.log(`\n── ${suite.name}`)
  const started = performance.now()
  const outcome = await (suite.needsServices ? (running ??= services()) : Promise.resolve())
    .then(() => runSuite(suite, reports, interrupted.signal))
    .catch((error: unknown) => ({ name: suite.name, failure: `no servers: ${String(error)}`, tally: undefined, neededParts: [] }))
  outcomes.push({ ...outcome, seconds: (performance.now() - started) / 1000 })
}
for (const stage of new Set(chosen.map((suite) => suite.stage))) await Promise.all(chosen.filter((suite) => suite.stage === stage).map(run))
await running?.then((servers) => servers.stop()).catch((error: unknown) => console.error(`the servers did not stop: ${String(error)}`))
await rm(reports, { recursive: true })

const total = totalOf(outcomes, allowedSkips)
console.log()
for (const { name, tally, seconds } of outcomes)
  console.log(
    `${name.padEnd(12)}${tally ? lastLine({ ...tally, skipped: tally.skipped.length, problems: [] }) : 'no report'}, ${seconds.toFixed(1)} s`,
  )
for (const problem of total.problems) console.log(problem)
process.exitCode = total.failed === 0 ? 0 : 1
console.log(lastLine(total))
