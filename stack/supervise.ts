import { mkdirSync } from 'node:fs'
import pino from 'pino'
import { loadConfig } from '#config/load.ts'
import { createLogger } from '#telemetry/logger.ts'
import { bringUp, type Stack } from './bring-up.ts'
import { supervisorLog } from './detached.ts'
import { dirname } from 'node:path'

/** What a terminal, a person and a service manager send; the first one stops everything and ends this process. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Makes this process the supervisor, until a signal ends it. Resolves when everything is up. */
export async function supervise(place: { cwd: string; env: NodeJS.ProcessEnv }): Promise<Stack> {
  const { stateDir, log: settings } = loadConfig(place)
  mkdirSync(dirname(supervisorLog(stateDir)), { recursive: true })
  const log = createLogger('supervisor', settings.level, pino.destination({ dest: supervisorLog(stateDir), sync: true }))
  const stack = await bringUp(place, {
    onStopper: (stop) => {
      for (const signal of endings)
        process.once(signal, () => {
          log.info({ signal }, 'stopping everything')
          void stop().then(() => process.exit(0))
        })
    },
    onChange: (name, { state, pid, trouble }) =>
      log.info({ process: name, state, child: pid, ...(trouble === null ? {} : { trouble }) }, `${name} is ${state}`),
  }).catch((error: unknown) => {
    log.error({ err: error }, 'the stack did not come up')
    throw error
  })
  log.info('everything is up')
  // its timers and children are not what keeps it alive
  setInterval(() => {}, 2 ** 30)
  return stack
}
