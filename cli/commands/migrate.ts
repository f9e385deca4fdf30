import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

export function register(program: Command, context: CliContext): void {
  program
    .command('migrate')
    .description('bring schema, roles, bucket, namespace and the first admin key up to date')
    .action(async () => {
      const { main } = await import('#workers/bootstrap.ts')
      await main(await context.config())
    })
}
