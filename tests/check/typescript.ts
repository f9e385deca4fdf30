import { join, sep } from 'node:path'
import type { Check } from './check.ts'
import { projectRoot, runTool } from './command.ts'

const reporter = join(projectRoot, 'tests/check/knip-reporter.mjs')

export const types: Check = {
  name: 'types',
  async run(root) {
    const { status, stdout, stderr } = await runTool(
      'typescript/bin/tsc',
      ['--noEmit', '--pretty', 'false', '--listFiles', '--project', '.'],
      root,
    )
    const lines = stdout.split('\n')
    const faults = lines.filter((line) => /error TS\d+/.test(line))
    if (status !== 0 && faults.length === 0) faults.push(`tsc ended with status ${status}\n${stderr}`)
    return {
      looked: lines.filter((path) => path.startsWith(root) && !path.includes(`${sep}node_modules${sep}`)).length,
      unit: 'files',
      faults,
    }
  },
}

type OxlintReport = {
  diagnostics: { message: string; code?: string; filename: string; labels: { span: { line?: number } }[] }[]
  number_of_files: number
}

export const lint: Check = {
  name: 'lint',
  async run(root) {
    const { status, stdout, stderr } = await runTool('oxlint/bin/oxlint', ['--format', 'json'], root)
    // it prints no report when its type-aware half could not run
    if (!stdout.startsWith('{')) throw new Error(`oxlint ended with status ${status} and no report\n${stdout}${stderr}`)
    const report = JSON.parse(stdout) as OxlintReport
    const faults = report.diagnostics.map(
      ({ code, message, filename, labels }) => `${filename}:${labels[0]?.span.line ?? 1} ${code ?? 'parse'}: ${message}`,
    )
    if (status !== 0 && faults.length === 0) faults.push(`oxlint ended with status ${status}\n${stderr}`)
    return { looked: report.number_of_files, unit: 'files', faults }
  },
}

export const format: Check = {
  name: 'format',
  async run(root) {
    const { status, stdout, stderr } = await runTool('oxfmt/bin/oxfmt', ['--check'], root)
    const faults = stdout.split('\n').flatMap((line) => /^(\S.*) \(\d+ms\)$/.exec(line)?.[1] ?? [])
    if (status !== 0 && faults.length === 0) faults.push(`oxfmt ended with status ${status}\n${stdout}${stderr}`)
    return {
      looked: Number(/ on (\d+) files?/.exec(stdout)?.[1] ?? 0),
      unit: 'files',
      faults: faults.map((file) => `${file}: run npm run format`),
    }
  },
}

export const deadCode: Check = {
  name: 'dead code',
  async run(root) {
    const { stdout, stderr } = await runTool('knip/bin/knip.js', ['--no-progress', '--no-exit-code', '--reporter', reporter], root)
    if (stdout.trim() === '') throw new Error(`knip reported nothing\n${stderr}`)
    const { processed, faults } = JSON.parse(stdout) as { processed: number; faults: string[] }
    return { looked: processed, unit: 'files', faults }
  },
}
