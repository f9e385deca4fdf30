import { join } from 'node:path'
import type { Check } from './check.ts'
import { projectRoot, runCommand } from './command.ts'

const sources = ['trainer', 'tests', 'bench']
const python = process.env.QUANTLOOP_PYTHON ?? join(projectRoot, '.quantloop/python/bin/python')

const runModule = (module: string, args: string[]) => runCommand(python, ['-m', module, ...args])

export const pythonLint: Check = {
  name: 'python lint',
  async run() {
    const files = await runModule('ruff', ['check', '--show-files', ...sources])
    const checked = await runModule('ruff', ['check', '--output-format', 'concise', ...sources])
    const formatted = await runModule('ruff', ['format', '--check', ...sources])
    const faults = [...lines(checked.stdout, /:\d+:\d+: /), ...lines(formatted.stdout, /^Would reformat/)]
    if (checked.status + formatted.status + files.status !== 0 && faults.length === 0)
      faults.push(`ruff failed\n${files.stderr}${checked.stderr}${formatted.stderr}`)
    return { looked: lines(files.stdout, /\.py$/).length, unit: 'files', faults }
  },
}

export const pythonTypes: Check = {
  name: 'python types',
  async run() {
    const { status, stdout, stderr } = await runCommand(python, ['-m', 'mypy', '--no-error-summary'], {
      cwd: join(projectRoot, 'trainer'),
    })
    const faults = lines(stdout, /: error: /)
    if (status !== 0 && faults.length === 0) faults.push(`mypy ended with status ${status}\n${stdout}${stderr}`)
    const { stdout: files } = await runCommand('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'trainer/*.py'])
    return { looked: lines(files, /\.py$/).length, unit: 'files', faults }
  },
}

const lines = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line))
