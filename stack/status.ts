import { settingOf } from '#config/environment.ts'
import { loadConfigWithSources } from '#config/load.ts'
import { maskSetting } from '#config/mask.ts'
import { type ProcessRecord, readStackFile } from '#config/stack-file.ts'
import { isGiven } from './bring-up.ts'
import { lockHolder } from './lock.ts'
import { partNames, type ServerName } from './services.ts'
import { livingIdentity } from './supervisor.ts'

/** `given`: an address from the configuration, which the stack uses and does not run. */
export type PartState = ProcessRecord['state'] | 'given'
export type PartStatus = { url: string | null; pid: number | null; state: PartState; restarts: number; trouble: string | null }
export type StackStatus = { supervisor: number | null; up: boolean; processes: Record<string, PartStatus> }

const addresses = {
  postgres: 'database.url',
  temporal: 'temporal.address',
  'object-store': 'objectStore.endpoint',
} as const satisfies Record<ServerName, string>

/** What runs now: the stack file, checked against the processes themselves. */
export function stackStatus(place: { cwd: string; env: NodeJS.ProcessEnv }): StackStatus {
  const { config, sources } = loadConfigWithSources(place)
  const file = readStackFile(config.stateDir)
  const supervisor = lockHolder(config.stateDir)?.pid ?? null
  const given: Record<string, string> = {}
  for (const [name, path] of Object.entries(addresses)) {
    if (isGiven(sources, path)) given[name] = String(maskSetting(path, settingOf(config, path)))
  }
  const parts = partNames(config).map((name): [string, PartStatus] => {
    const record = file?.processes[name]
    const url = given[name]
    if (url !== undefined) return [name, { url, pid: null, state: 'given', restarts: 0, trouble: null }]
    return [name, record ? statusOf(record, supervisor !== null) : { url: null, pid: null, state: 'stopped', restarts: 0, trouble: null }]
  })
  const up = supervisor !== null && file?.supervisor?.pid === supervisor && file.supervisor.up
  return { supervisor, up, processes: Object.fromEntries(parts) }
}

function statusOf(record: ProcessRecord, supervised: boolean): PartStatus {
  const { url, restarts } = record
  const pid = livingIdentity(record)?.pid ?? null
  if (pid !== null) return { url, pid, state: record.state, restarts, trouble: record.trouble }
  return { url, pid, state: supervised && record.state !== 'stopped' ? 'restarting' : 'stopped', restarts, trouble: record.trouble }
}
