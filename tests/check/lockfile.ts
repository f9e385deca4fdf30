import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Check } from './check.ts'
import { runCommand } from './command.ts'

/** What a fresh clone has when it runs `npm ci`. npm rejects a lock that lacks another platform's binaries. */
const files = ['package.json', 'package-lock.json', '.npmrc']

type Lock = { packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }> }

export const lockfile: Check = {
  name: 'lockfile',
  async run(root) {
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock
    const packages = Object.entries(lock.packages).filter(([path]) => path !== '')
    const faults = packages.flatMap(([path, { resolved, integrity }]) => [
      ...(resolved === undefined
        ? []
        : [`package-lock.json: ${path} names the address ${resolved}: .npmrc says omit-lockfile-registry-resolved`]),
      ...(integrity === undefined ? [`package-lock.json: ${path} has no integrity hash`] : []),
    ])
    const folder = await mkdtemp(join(tmpdir(), 'quantloop-lockfile-'))
    try {
      for (const file of files) await copyFile(join(root, file), join(folder, file))
      const { status, stderr } = await runCommand('npm', ['ci', '--dry-run', '--ignore-scripts', '--loglevel=error'], { cwd: folder })
      if (status !== 0) faults.push(`npm ci --dry-run in an empty folder ended with status ${status}\n${stderr.trim()}`)
    } finally {
      await rm(folder, { recursive: true })
    }
    return { looked: packages.length, unit: 'packages', faults }
  },
}
