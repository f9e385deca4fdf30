import type { Config } from './config.ts'
import type { SettingPath } from './layers.ts'

const masked = '***'

/** Whole values that are secret; in addresses only the password is. */
const secretPaths: ReadonlySet<SettingPath> = new Set(['objectStore.accessKey', 'objectStore.secretKey', 'apiKey'])

export function maskSetting(path: SettingPath, value: unknown): unknown {
  if (typeof value !== 'string' || value === '') return value
  return secretPaths.has(path) ? masked : value.replace(/^(\w+:\/\/[^:/@]*:).*@/, `$1${masked}@`)
}

/** A copy that may be shown: keys and the passwords within addresses are replaced. */
export function maskSecrets(config: Config): Config {
  const { database, objectStore } = config
  return {
    ...config,
    database: {
      url: String(maskSetting('database.url', database.url)),
      trainerUrl: String(maskSetting('database.trainerUrl', database.trainerUrl)),
    },
    objectStore: {
      ...objectStore,
      endpoint: String(maskSetting('objectStore.endpoint', objectStore.endpoint)),
      accessKey: objectStore.accessKey && masked,
      secretKey: objectStore.secretKey && masked,
    },
    ...(config.apiKey === undefined ? {} : { apiKey: masked }),
  }
}
