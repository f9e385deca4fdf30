import { setTimeout as delay } from 'node:timers/promises'
import { DefaultLogger, NativeConnection, Runtime, type LogLevel } from '@temporalio/worker'
import type { Logger } from 'pino'
import type { Config } from '#config/config.ts'
import { QuantloopError } from '#contracts/errors.ts'

const pinoLevel = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const satisfies Record<LogLevel, string>

/** The SDK's own lines, and those of workflows and activities, in the process's one log. */
export const temporalLogger = (logger: Logger): DefaultLogger =>
  new DefaultLogger('DEBUG', ({ level, message, meta }) => logger[pinoLevel[level]](meta ?? {}, message))

/** Call once, before anything of the SDK. SIGTERM and SIGINT then end the workers of this process gracefully. */
export function installTemporalRuntime(logger: Logger): void {
  Runtime.install({ logger: temporalLogger(logger), shutdownSignals: ['SIGTERM', 'SIGINT'] })
}

/**
 * A worker's connection. A server that is still starting, or starting again, is waited for.
 * @throws QuantloopError unavailable, after `patienceMs`
 */
export async function connectWorker(config: Config['temporal'], logger: Logger, patienceMs = 60_000): Promise<NativeConnection> {
  const deadline = Date.now() + patienceMs
  for (let wait = 200; ; wait = Math.min(wait * 2, 3_000)) {
    try {
      return await NativeConnection.connect({ address: config.address })
    } catch (error) {
      if (Date.now() + wait > deadline)
        throw new QuantloopError(
          'unavailable',
          `Temporal does not answer at ${config.address}: is the stack up? (\`quantloop status\`)`,
          {},
          { cause: error },
        )
      logger.warn({ address: config.address, retryInMs: wait }, 'Temporal does not answer yet')
      await delay(wait)
    }
  }
}
