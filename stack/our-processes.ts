import { fileURLToPath } from 'node:url'
import type { Config } from '#config/config.ts'
import { environmentOf } from '#config/environment.ts'
import { servingReplicas } from '#config/serving-replicas.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Command, Farewell, ManagedProcess } from './managed-process.ts'
import { assertPolls } from './pollers.ts'
import { migration, type ProcessService, processServices, replicaNames } from './services.ts'

const program = fileURLToPath(new URL('../bin/quantloop.mjs', import.meta.url))
const trainerFolder = fileURLToPath(new URL('../trainer/', import.meta.url))

/** Workers drain for up to 20 seconds; what takes longer is interrupted and goes on elsewhere. */
const farewell: Farewell = { signal: 'SIGTERM', graceMs: 25_000 }

/** Our own processes for the supervisor; `local` names the servers that it runs itself. */
export function ourProcesses(config: Config, local: ReadonlySet<string>): ManagedProcess[] {
  return processServices.flatMap((service) =>
    replicaNames(service, config).map((name, index) =>
      managed(service, name, service.name === 'serving' ? replicaOf(config, index) : config, local),
    ),
  )
}

/** The configuration of one serving replica: its own port and address. */
const replicaOf = (config: Config, index: number): Config => ({ ...config, serving: servingReplicas(config)[index] ?? config.serving })

const managed = (service: ProcessService, name: string, config: Config, local: ReadonlySet<string>): ManagedProcess => ({
  name,
  after: service.needs.filter((server) => local.has(server)),
  fingerprint: fingerprintOf([service.command, environmentOf(config, service.settings)]),
  ...('path' in service.works ? { url: config[service.name as 'api' | 'serving'].url } : {}),
  command: () => (service.name === 'trainer' ? trainerCommand(config) : quantloopCommand(config, service)),
  ready: (identity) => assertWorks(service, config, identity.pid),
  readyWithinMs: 120_000,
  farewell,
})

export const migrationCommand = (config: Config) => quantloopCommand(config, migration)

/** The trainer's own program, without a process of Node in between, so that a kill meets it and not a wrapper. */
export function trainerCommand(config: Config): Command {
  const { settings } = processServices.find(({ name }) => name === 'trainer')!
  return {
    file: config.trainer.python,
    args: ['-m', 'quantloop_trainer'],
    env: { ...inherited(), ...environmentOf(config, settings), PYTHONUNBUFFERED: '1' },
    cwd: trainerFolder,
  }
}

function quantloopCommand(config: Config, service: Pick<ProcessService, 'command' | 'settings'>): Command {
  return {
    file: process.execPath,
    args: [program, ...service.command],
    env: { ...inherited(), ...environmentOf(config, service.settings) },
    cwd: config.project,
  }
}

/** The environment of whoever typed `up`, without our settings: each process receives its own. */
function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('QUANTLOOP_')),
  )
}

async function assertWorks({ name, works }: ProcessService, config: Config, pid: number): Promise<void> {
  if ('taskQueue' in works) return assertPolls(config.temporal, works.taskQueue, pid)
  const url = new URL(works.path, config[name as 'api' | 'serving'].url)
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  if (!response.ok) throw new Error(`${url.href} answers ${response.status}`)
}
