/**
 * `npm run check`: everything that is checked without running the program, one line each; 1 if any of it failed. With a
 * file name it also writes a tally there, in which each check counts as a test.
 */
import { writeFile } from 'node:fs/promises'
import { addresses } from './check/addresses.ts'
import { hasFailed, type Check, type Finding } from './check/check.ts'
import { projectRoot } from './check/command.ts'
import { lockfile } from './check/lockfile.ts'
import { pythonLint, pythonTypes } from './check/python.ts'
import { deadCode, format, lint, types } from './check/typescript.ts'
import type { Tally } from './run/tally.ts'

const checks: Check[] = [types, lint, format, deadCode, lockfile, addresses, pythonLint, pythonTypes]

async function find(check: Check): Promise<Finding> {
  try {
    return await check.run(projectRoot)
  } catch (error) {
    return { looked: 0, unit: 'things', faults: [error instanceof Error ? error.message : String(error)] }
  }
}

const rows: { name: string; finding: Finding; seconds: number }[] = []
for (const check of checks) {
  const started = performance.now()
  const finding = await find(check)
  rows.push({ name: check.name, finding, seconds: (performance.now() - started) / 1000 })
  for (const fault of finding.faults) console.log(`${check.name}: ${fault}`)
}

console.log()
for (const { name, finding, seconds } of rows) {
  const verdict = finding.looked === 0 ? 'looked at nothing' : finding.faults.length > 0 ? `${finding.faults.length} faults` : 'ok'
  console.log(`${name.padEnd(14)}${`${finding.looked} ${finding.unit}`.padStart(14)}${`${seconds.toFixed(1)} s`.padStart(9)}  ${verdict}`)
}

const failed = rows.filter(({ finding }) => hasFailed(finding)).length
const tally: Tally = { passed: rows.length - failed, failed, skipped: [], parts: [] }
const [report] = process.argv.slice(2)
if (report !== undefined) await writeFile(report, JSON.stringify(tally))
process.exitCode = failed === 0 ? 0 : 1
