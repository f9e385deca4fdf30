import { readdirSync, readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { createContext } from './context.ts'
import { exitCodeOf, reportError } from './report-error.ts'

const commands = new URL('./commands/', import.meta.url)

/**
 * The `quantloop` command: every file of cli/commands that exports `register(program, context)` adds its own. Exit codes:
 * 0, 1 (failed), 2 (wrong use).
 */
export async function main(argv: string[]): Promise<void> {
  const context = createContext()
  const { description, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Record<string, string>
  const program = new Command('quantloop')
    .description(description!)
    .version(version!)
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for usage)')
    .exitOverride()
  for (const file of readdirSync(commands).toSorted()) {
    if (!file.endsWith('.ts')) continue
    const { register } = await import(new URL(file, commands).href)
    register?.(program, context)
  }
  for (const command of leaves(program)) {
    command.exitOverride()
    if (!command.options.some(({ long }) => long === '--json')) command.option('--json', 'answer with one JSON document')
  }
  program.hook('preAction', (_, command) => {
    context.json = command.opts().json === true
  })
  try {
    await program.parseAsync(argv)
  } catch (error) {
    // commander has said by itself what was wrong with the command line
    if (!(error instanceof CommanderError)) reportError(error, context)
    process.exitCode = exitCodeOf(error)
  }
}

function leaves(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...leaves(child)])
}
