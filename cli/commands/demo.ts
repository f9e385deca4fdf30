import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

export function register(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description('real bars become a trained, approved, deployed model that answers; then a model that the gate refuses')
    .option('--json <file>', 'write what happened, with every figure and hash')
    .option('--keep', 'leave the stack up, and say where to look')
    .action(async ({ json, keep }: { json?: string; keep?: true }) => {
      const { runDemo } = await import('../demo/run-demo.ts')
      await runDemo(context, { ...(json === undefined ? {} : { file: json }), keep: keep === true })
    })
}
