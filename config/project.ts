import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { QuantloopError } from '#contracts/errors.ts'

export const configurationFile = 'quantloop.yaml'

/** The nearest folder, from `cwd` upwards, that holds a quantloop.yaml. @throws QuantloopError configuration_invalid */
export function findProject(cwd: string): string {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (existsSync(join(folder, configurationFile))) return folder
    if (folder === dirname(folder))
      throw new QuantloopError(
        'configuration_invalid',
        `neither ${resolve(cwd)} nor a folder above it holds a ${configurationFile}: change to your project, or make an empty one to start a project here`,
        { cwd: resolve(cwd) },
      )
  }
}
