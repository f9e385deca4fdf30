import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

export function register(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('start PostgreSQL, Temporal, the S3 store and all processes on this machine; Ctrl-C stops them')
    .option('--detach', 'leave it running, and come back when everything works')
    .action(async ({ detach }: { detach?: true }) => {
      const { stackStatus } = await import('#stack/status.ts')
      const place = { cwd: process.cwd(), env: process.env }
      if (detach) await (await import('../start-up.ts')).startStack(context)
      else await upHere(context)
      context.answer(stackStatus(place), () => whereTo(stackStatus(place).processes, detach === true))
    })

  program
    .command('supervise-stack', { hidden: true })
    .description('what `up --detach` leaves running')
    .action(async () => {
      const { supervise } = await import('#stack/supervise.ts')
      await supervise({ cwd: process.cwd(), env: process.env })
    })
}

/** The supervisor is this process: it goes on after this returns, until a signal ends it. */
async function upHere(context: CliContext): Promise<void> {
  const { supervise } = await import('#stack/supervise.ts')
  const { identityOf } = await import('#stack/process-identity.ts')
  const { showStartUp } = await import('../start-up.ts')
  const { stateDir } = await context.config()
  const gaveUp = new AbortController()
  const shown = showStartUp(context, stateDir, identityOf(process.pid)!, gaveUp.signal).catch(() => {})
  try {
    await supervise({ cwd: process.cwd(), env: process.env })
  } catch (error) {
    gaveUp.abort()
    throw error
  } finally {
    await shown
  }
}

function whereTo(processes: Record<string, { url: string | null }>, detached: boolean): string {
  return [
    `API and its reference   ${processes.api?.url}/docs`,
    `Temporal UI             ${processes.temporal?.url}`,
    `Serving                 ${processes.serving?.url}`,
    detached ? 'It goes on running; `quantloop down` stops it.' : 'Ctrl-C stops everything.',
  ].join('\n')
}
