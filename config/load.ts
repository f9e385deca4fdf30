import { resolve } from 'node:path'
import { QuantloopError } from '#contracts/errors.ts'
import { Config } from './config.ts'
import { defaultLayer, environmentLayer, type Layer, type Setting, type SettingPath, stackLayer, yamlLayer } from './layers.ts'
import { maskSetting } from './mask.ts'
import { findProject } from './project.ts'

export type Sources = Partial<Record<SettingPath, string>>

/**
 * The configuration in force for a working folder: environment > quantloop.yaml > stack.json > defaults.
 * @throws QuantloopError configuration_invalid: each wrong field, with its value and the place that it came from
 */
export function loadConfig(place: { cwd: string; env: NodeJS.ProcessEnv }): Config {
  return loadConfigWithSources(place).config
}

/** The same, with the place that each setting came from. */
export function loadConfigWithSources(place: { cwd: string; env: NodeJS.ProcessEnv }): { config: Config; sources: Sources } {
  const project = findProject(place.cwd)
  const asked = over(yamlLayer(project), environmentLayer(place.env))
  const stateDir = resolve(project, String(asked.get('stateDir')?.value ?? '.quantloop'))
  const settings = over(over(defaultLayer(stateDir), stackLayer(stateDir)), asked)
  settings.set('stateDir', { value: stateDir, source: settings.get('stateDir')!.source })
  addressesFromPorts(settings)
  pathsFromProject(settings, project)

  const parsed = Config.safeParse(nested(project, settings))
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => describe(path.join('.') as SettingPath, settings, message))
    throw new QuantloopError('configuration_invalid', faults.join('\n'), { project })
  }
  return { config: parsed.data, sources: Object.fromEntries([...settings].map(([path, { source }]) => [path, source])) }
}

const over = (lower: Layer, upper: Layer): Layer => new Map([...lower, ...upper])

/** Where a process listens is where it is found, unless another address is given (a balancer's, a container's). */
function addressesFromPorts(settings: Layer): void {
  for (const name of ['api', 'serving'] as const) {
    if (settings.has(`${name}.url`)) continue
    const port = settings.get(`${name}.port`)!
    const host = String(settings.get(`${name}.host`)!.value)
    const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
    settings.set(`${name}.url`, { value: `http://${reachable}:${String(port.value)}`, source: port.source })
  }
}

/** Paths in quantloop.yaml count from the project, wherever the command was typed. */
function pathsFromProject(settings: Layer, project: string): void {
  const python = settings.get('trainer.python')!
  if (typeof python.value === 'string' && python.value.includes('/'))
    settings.set('trainer.python', { ...python, value: resolve(project, python.value) })
  const mirror = settings.get('objectStore.mirrorDir')
  if (mirror !== undefined) settings.set('objectStore.mirrorDir', { ...mirror, value: resolve(project, String(mirror.value)) })
}

function nested(project: string, settings: Layer): Record<string, unknown> {
  const root: Record<string, unknown> = { project }
  for (const [path, { value }] of settings) {
    const [group, field] = path.split('.') as [string, string | undefined]
    if (field === undefined) root[group] = value
    else root[group] = { ...(root[group] as object | undefined), [field]: value }
  }
  return root
}

function describe(path: SettingPath, settings: Layer, message: string): string {
  const setting: Setting | undefined = settings.get(path)
  if (!setting) return `${path} is missing: ${message}`
  return `${path} is ${JSON.stringify(maskSetting(path, setting.value))} in ${setting.source}: ${message}`
}
