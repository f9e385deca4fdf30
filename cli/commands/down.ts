import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

export function register(program: Command, context: CliContext): void {
  program
    .command('down')
    .description('stop the local stack, also when its supervisor was killed; data stays')
    .action(async () => {
      const { takeDown } = await import('#stack/take-down.ts')
      const { stateDir } = await context.config()
      const stopped = await takeDown(stateDir)
      context.answer({ stopped }, () => (stopped.length === 0 ? 'nothing was running' : `stopped ${stopped.join(', ')}`))
    })
}
