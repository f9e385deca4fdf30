import type { Command } from 'commander'
import type { SettingPath } from '#config/layers.ts'
import type { CliContext } from '../context.ts'

export function register(program: Command, context: CliContext): void {
  program
    .command('config')
    .description('the configuration in force, where each setting came from; secrets masked')
    .action(async () => {
      const { loadConfigWithSources } = await import('#config/load.ts')
      const { settingOf } = await import('#config/environment.ts')
      const { maskSecrets } = await import('#config/mask.ts')
      const { config, sources } = loadConfigWithSources({ cwd: process.cwd(), env: process.env })
      const shown = maskSecrets(config)
      context.answer(shown, () => {
        const lines = (Object.entries(sources) as [SettingPath, string][]).map(([path, source]) => ({
          path,
          value: String(settingOf(shown, path) ?? ''),
          source,
        }))
        const width = (column: 'path' | 'value') => Math.max(...lines.map((line) => line[column].length))
        return [`project ${config.project}`]
          .concat(lines.map((line) => `${line.path.padEnd(width('path'))}  ${line.value.padEnd(width('value'))}  ${line.source}`))
          .join('\n')
      })
    })
}
