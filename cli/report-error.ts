import { CommanderError } from 'commander'
import { QuantloopError } from '#contracts/errors.ts'
import type { CliContext } from './context.ts'

export const exitCodeOf = (error: unknown) => (error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : 1)

/** What was wrong, where, and what to do: for a person on standard error, with `--json` as the one document. */
export function reportError(error: unknown, context: CliContext): void {
  const { code, message, place } = describe(error)
  if (context.json) {
    process.stdout.write(`${JSON.stringify({ error: { code, message, place } }, null, 2)}\n`)
    return
  }
  const where = Object.entries(place).map(([name, value]) => `${name} ${value}`)
  context.note(`quantloop: ${message}`)
  context.note(`  ${[code, ...where].join(' · ')}`)
  if (!(error instanceof QuantloopError) && error instanceof Error && process.env.QUANTLOOP_LOG_LEVEL === 'debug')
    context.note(error.stack ?? '')
}

function describe(error: unknown): { code: string; message: string; place: Record<string, string | number> } {
  if (error instanceof QuantloopError) return error
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), place: {} }
}
