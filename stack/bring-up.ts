import { randomBytes } from 'node:crypto'
import type { ProcessRecord } from '#config/stack-file.ts'
import { loadConfig, loadConfigWithSources, type Sources } from '#config/load.ts'
import type { Config } from '#config/config.ts'
import { keptPort, keptSecret, localServers } from './local-servers.ts'
import { migrationCommand, ourProcesses } from './our-processes.ts'
import { Supervisor } from './supervisor.ts'

export type Stack = { config: Config; stop(): Promise<void> }

type Place = { cwd: string; env: NodeJS.ProcessEnv }

/**
 * Brings the whole stack up under this process: the servers that no configuration names, then schema, roles, bucket and
 * first key, then our processes. Whatever fails, what was started is stopped again.
 *
 * `onStopper` receives, before anything starts, the way to stop it all.
 *
 * @throws QuantloopError conflict: a supervisor is at work already · unavailable: something did not come up
 */
export async function bringUp(
  place: Place,
  hooks: { onStopper?: (stop: () => Promise<void>) => void; onChange?: (name: string, record: ProcessRecord) => void } = {},
): Promise<Stack> {
  const asked = loadConfigWithSources(place)
  const supervisor = new Supervisor(asked.config.stateDir, hooks.onChange)
  hooks.onStopper?.(() => supervisor.stop())
  try {
    const servers = await localServers(supervisor, {
      python: asked.config.trainer.python,
      wanted: wantedServers(asked.sources),
      names: namesIn(asked.config),
      durable: true,
    })
    supervisor.file.settings = { ...servers.settings, ...(await ownSettings(supervisor, asked, servers.settings)) }
    supervisor.save()
    const config = loadConfig(place)

    const local = new Set(servers.processes.map(({ name }) => name))
    const own = ourProcesses(config, local)
    await supervisor.announce([...own, ...servers.processes])
    await Promise.all([...local].map((name) => supervisor.keep(name)))
    await supervisor.run('migrate', migrationCommand(config))
    await Promise.all(own.map(({ name }) => supervisor.keep(name)))
    supervisor.isUp()
    return { config, stop: () => supervisor.stop() }
  } catch (error) {
    supervisor.hasFailed(error instanceof Error ? error.message : String(error))
    await supervisor.stop()
    throw error
  }
}

/** An address in the environment or in quantloop.yaml is a server that somebody else runs. */
export const isGiven = (sources: Sources, path: keyof Sources) => ![undefined, 'default', 'stack.json'].includes(sources[path])

const wantedServers = (sources: Sources) => ({
  database: !isGiven(sources, 'database.url'),
  temporal: !isGiven(sources, 'temporal.address'),
  objectStore: !isGiven(sources, 'objectStore.endpoint'),
})

const namesIn = ({ objectStore, temporal }: Config) => ({
  database: 'quantloop',
  bucket: objectStore.bucket,
  region: objectStore.region,
  namespace: temporal.namespace,
})

/** Ports, the trainer's role and the first admin key, as far as the configuration does not say them. */
async function ownSettings(
  supervisor: Supervisor,
  { config, sources }: { config: Config; sources: Sources },
  servers: Record<string, string | number>,
): Promise<Record<string, string | number>> {
  const settings: Record<string, string | number> = {}
  const others = Array.from({ length: config.serving.replicas - 1 }, (_, index) => index + 1)
  for (const [name, options] of [
    ['api', { preferred: 8800 }],
    ['serving', { preferred: 8801, alsoFree: others }],
  ] as const) {
    if (isGiven(sources, `${name}.port`)) continue
    settings[`${name}.port`] = await keptPort(supervisor, name, name, options)
  }
  if (!isGiven(sources, 'database.trainerUrl'))
    settings['database.trainerUrl'] = Object.assign(new URL(String(servers['database.url'] ?? config.database.url)), {
      username: 'quantloop_trainer',
      password: keptSecret(supervisor.file, 'trainer'),
    }).toString()
  if (!isGiven(sources, 'apiKey'))
    settings.apiKey = supervisor.file.secrets['first-admin-key'] ??= `ql_${randomBytes(32).toString('base64url')}`
  return settings
}
