import { sep } from 'node:path'
import type { Check } from './check.ts'
import { projectRoot, runTool } from './command.ts'

const own = (path: string) => path.startsWith(projectRoot) && !path.includes(`${sep}node_modules${sep}`)

export const types: Check = {
  name: 'types',
  async run() {
    const { status, stdout, stderr } = await runTool('typescript/bin/tsc', [
      '--noEmit',
      '--pretty',
      'false',
      '--listFiles',
      '--project',
      '.',
    ])
    const lines = stdout.split('\n')
    const faults = lines.filter((line) => /error TS\d+/.test(line))
    if (status !== 0 && faults.length === 0) faults.push(`tsc ended with status ${status}\n${stderr}`)
    return { looked: lines.filter(own).length, unit: 'files', faults }
  },
}

type OxlintReport = {
  diagnostics: { message: string; code?: string; filename: string; labels: { span: { line?: number } }[] }[]
  number_of_files: number
}

export const lint: Check = {
  name: 'lint',
  async run() {
    const { status, stdout, stderr } = await runTool('oxlint/bin/oxlint', ['--format', 'json'])
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
  async run() {
    const { status, stdout, stderr } = await runTool('oxfmt/bin/oxfmt', ['--check'])
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
  async run() {
    const { stdout, stderr } = await runTool('knip/bin/knip.js', [
      '--no-progress',
      '--no-exit-code',
      '--reporter',
      './tests/check/knip-reporter.mjs',
    ])
    if (stdout.trim() === '') throw new Error(`knip reported nothing\n${stderr}`)
    const { processed, faults } = JSON.parse(stdout) as { processed: number; faults: string[] }
    return { looked: processed, unit: 'files', faults }
  },
}
