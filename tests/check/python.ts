import { join } from 'node:path'
import type { Check } from './check.ts'
import { projectRoot, runCommand } from './command.ts'

const sources = ['trainer', 'tests', 'bench']
const python = process.env.QUANTLOOP_PYTHON ?? join(projectRoot, '.quantloop/python/bin/python')

const runModule = (module: string, args: string[], cwd: string) => runCommand(python, ['-m', module, ...args], { cwd })

export const pythonLint: Check = {
  name: 'python lint',
  async run(root) {
    const files = await runModule('ruff', ['check', '--show-files', ...sources], root)
    const checked = await runModule('ruff', ['check', '--output-format', 'concise', ...sources], root)
    const formatted = await runModule('ruff', ['format', '--check', ...sources], root)
    const faults = [...lines(checked.stdout, /:\d+:\d+: /), ...lines(formatted.stdout, /^Would reformat/)]
    if (checked.status + formatted.status + files.status !== 0 && faults.length === 0)
      faults.push(`ruff failed\n${files.stderr}${checked.stderr}${formatted.stderr}`)
    return { looked: lines(files.stdout, /\.py$/).length, unit: 'files', faults }
  },
}

export const pythonTypes: Check = {
  name: 'python types',
  async run(root) {
    const { status, stdout, stderr } = await runModule('mypy', ['--no-error-summary'], join(root, 'trainer'))
    const faults = lines(stdout, /: error: /)
    if (status !== 0 && faults.length === 0) faults.push(`mypy ended with status ${status}\n${stdout}${stderr}`)
    const { stdout: files } = await runCommand('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'trainer/*.py'], {
      cwd: root,
    })
    return { looked: lines(files, /\.py$/).length, unit: 'files', faults }
  },
}

const lines = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line))
