import { spawn } from 'node:child_process'
import { Argument, type Command } from 'commander'
import type { Config } from '#config/config.ts'
import type { CliContext } from '../context.ts'

const workers = {
  orchestration: () => import('#workers/orchestration.ts'),
  features: () => import('#workers/features.ts'),
}

/** What the supervisor and containers start: one process each, until SIGTERM or SIGINT. */
export function register(program: Command, context: CliContext): void {
  program
    .command('worker')
    .description('run one worker in the foreground')
    .addArgument(new Argument('<name>').choices(Object.keys(workers)))
    .action(async (name: keyof typeof workers) => run(context, (await workers[name]()).main))
  program
    .command('api')
    .description('run the API in the foreground')
    .action(async () => run(context, (await import('#workers/api.ts')).main))
  program
    .command('serve')
    .description('run one serving process in the foreground')
    .action(async () => run(context, (await import('#workers/serving.ts')).main))
  program
    .command('migrate')
    .description('bring schema, roles, bucket, namespace and the first admin key up to date')
    .action(async () => run(context, (await import('#workers/bootstrap.ts')).main))
  program
    .command('trainer')
    .description('run the Python trainer in the foreground')
    .action(() => run(context, trainer))
}

async function run(context: CliContext, main: (config: Config) => Promise<void>): Promise<void> {
  await main(await context.config())
}

async function trainer(config: Config): Promise<void> {
  const { trainerCommand } = await import('#stack/our-processes.ts')
  const { file, args, env, cwd } = trainerCommand(config)
  const child = spawn(file, args, { cwd, env, stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal))
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
