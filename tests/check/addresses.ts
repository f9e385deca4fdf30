import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Check } from './check.ts'
import { runCommand } from './command.ts'

/** Written in parts, so that this file does not find itself. */
const registries = [
  ['registry', 'npmjs.org'],
  ['files', 'pythonhosted.org'],
  ['pypi', 'org/simple'],
].map((parts) => parts.join('.'))
const options = [
  ['--index', 'url '],
  ['--extra-index', 'url '],
].map((parts) => parts.join('-'))
const homes = /(?:^|[\s"'`=(:])(\/(?:home|Users)\/[\w.-]+\/)/

/** Nothing in the repository may depend on where it was written: no package registry's address, no path of one machine. */
export const addresses: Check = {
  name: 'addresses',
  async run(root) {
    const { stdout } = await runCommand('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
    const forbidden = [...registries, ...options, ...(await registriesOfThisMachine(root)), ...placesOfThisMachine(root)]
    const faults: string[] = []
    let looked = 0
    for (const file of stdout.split('\0').filter(Boolean)) {
      const bytes = await readFile(join(root, file)).catch(() => undefined)
      if (bytes === undefined || bytes.includes(0)) continue
      looked++
      bytes
        .toString('utf8')
        .split('\n')
        .forEach((line, index) => {
          const found = forbidden.find((text) => line.includes(text)) ?? homes.exec(line)?.[1] ?? lockedAddress(file, line)
          if (found !== undefined) faults.push(`${file}:${index + 1} holds ${found}`)
        })
    }
    return { looked, unit: 'files', faults }
  },
}

/** A requirements lock names packages by hash and by nothing else. */
const lockedAddress = (file: string, line: string): string | undefined =>
  file.endsWith('.lock') ? /\bhttps?:\/\/\S+|\bfile:\S+/.exec(line)?.[0] : undefined

async function registriesOfThisMachine(root: string): Promise<string[]> {
  const { stdout } = await runCommand('npm', ['config', 'get', 'registry', '--loglevel=error'], { cwd: root })
  const given = [stdout.trim(), process.env.PIP_INDEX_URL, process.env.UV_INDEX_URL, process.env.UV_DEFAULT_INDEX]
  return given.flatMap((address) => (address && URL.canParse(address) ? [new URL(address).host] : [])).filter((host) => host !== '')
}

/** The folder of this checkout and the home folder, unless they are as short as `/` or `/root`. */
const placesOfThisMachine = (root: string): string[] => [root, `${homedir()}/`].filter((path) => path.split('/').filter(Boolean).length > 1)
