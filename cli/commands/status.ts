import type { Command } from 'commander'
import type { StackStatus } from '#stack/status.ts'
import type { CliContext } from '../context.ts'

export function register(program: Command, context: CliContext): void {
  program
    .command('status')
    .description('what runs, where, and how it is')
    .action(async () => {
      const { stackStatus } = await import('#stack/status.ts')
      context.answer(stackStatus({ cwd: process.cwd(), env: process.env }), table)
    })
}

function table({ supervisor, up, processes }: StackStatus): string {
  const rows = Object.entries(processes).map(([name, { state, pid, url, restarts, trouble }]) => [
    name,
    state,
    pid === null ? '–' : String(pid),
    String(restarts),
    trouble ?? url ?? '',
  ])
  const lines = [['process', 'state', 'pid', 'restarts', 'address'], ...rows]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const head =
    supervisor === null ? 'no supervisor runs: `quantloop up` starts the stack' : `supervisor ${supervisor}${up ? '' : ', starting'}`
  return [
    head,
    ...lines.map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    ),
  ].join('\n')
}
