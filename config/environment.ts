import { type Config, environmentNames } from './config.ts'
import type { SettingPath } from './layers.ts'

export type EnvironmentName = keyof typeof environmentNames

/** One setting by its path: `api.port`. */
export function settingOf(config: Config, path: SettingPath): string | number | undefined {
  const [group, field] = path.split('.') as [string, string | undefined]
  const found = (config as Record<string, unknown>)[group]
  return (field === undefined ? found : (found as Record<string, unknown>)[field]) as string | number | undefined
}

/** The variables that hand these settings to a process. What has no value is left out. */
export function environmentOf(config: Config, names: readonly EnvironmentName[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = settingOf(config, environmentNames[name])
      return value === undefined || value === '' ? [] : [[name, String(value)]]
    }),
  )
}
