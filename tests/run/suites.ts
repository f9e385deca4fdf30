import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../check/command.ts'
import { type SuiteOutcome, type Tally, tallyOfJunit, tallyOfVitest } from './tally.ts'

export type Suite = {
  name: string
  /** suites of one stage run side by side */
  stage: number
  /** what it needs beside the sources: the servers, or nothing */
  needsServices: boolean
  program: string
  args(report: string): string[]
  cwd?: string
  read(report: string): Tally
  /** folders of tests/ in which at least one test must have passed */
  neededParts: string[]
}

export const python = process.env.QUANTLOOP_PYTHON ?? join(projectRoot, '.quantloop/python/bin/python')

const vitest = (config: string, more: string[]) => (report: string) => [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--config',
  config,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...more,
]

const readVitest = (report: string) => tallyOfVitest(JSON.parse(report) as Parameters<typeof tallyOfVitest>[0], projectRoot)

export const suites: Suite[] = [
  {
    name: 'check',
    stage: 1,
    needsServices: false,
    program: process.execPath,
    args: (report) => ['--import', 'tsx', 'tests/check.ts', report],
    read: (report) => JSON.parse(report) as Tally,
    neededParts: [],
  },
  {
    name: 'typescript',
    stage: 2,
    needsServices: true,
    program: process.execPath,
    // tests wait for servers more than they compute: two at a time even on two cores
    args: vitest('vitest.config.ts', [`--maxWorkers=${Math.max(2, Math.floor(availableParallelism() * 0.75))}`]),
    read: readVitest,
    neededParts: [
      'activities',
      'api',
      'cli',
      'contracts',
      'db',
      'domain',
      'faults',
      'inference',
      'replay',
      'serving',
      'stack',
      'storage',
      'workflows',
    ],
  },
  {
    name: 'python',
    // beside the other: it waits for servers that come back most of its time
    stage: 2,
    needsServices: true,
    program: python,
    args: (report) => ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--junit-xml', report, 'tests'],
    cwd: 'trainer',
    read: tallyOfJunit,
    neededParts: [],
  },
  {
    name: 'end to end',
    stage: 3,
    needsServices: true,
    program: process.execPath,
    args: vitest('vitest.e2e.config.ts', []),
    read: readVitest,
    neededParts: ['e2e'],
  },
]

/** Runs one suite to its end with its output on ours. A runner that cannot be started, or crashes, leaves no tally. */
export async function runSuite(suite: Suite, reportFolder: string, signal: AbortSignal): Promise<SuiteOutcome> {
  const report = join(reportFolder, `${suite.name.replaceAll(' ', '-')}.report`)
  const child = spawn(suite.program, suite.args(report), {
    cwd: join(projectRoot, suite.cwd ?? '.'),
    stdio: ['ignore', 'inherit', 'inherit'],
    signal,
  })
  const failure = await once(child, 'exit').then(
    ([code]: (number | null)[]) => (code === 0 ? undefined : `status ${code ?? child.signalCode}`),
    (error: unknown) => String(error),
  )
  const text = await readFile(report, 'utf8').catch(() => undefined)
  return { name: suite.name, failure, tally: text === undefined ? undefined : suite.read(text), neededParts: suite.neededParts }
}
