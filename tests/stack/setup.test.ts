import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from './program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: Awaited<ReturnType<typeof temporaryFolder>>

/** A clone with nothing to install from npm and no room but those that the bundle is made of. */
beforeEach(async () => {
  folder = await temporaryFolder()
  cpSync(join(root, 'setup.mjs'), join(folder.path, 'setup.mjs'))
  write('package-lock.json', '{"packages": {"": {}}}')
  write('node_modules/.package-lock.json', '{"packages": {}}')
  for (const room of ['workflows', 'contracts', 'domain', 'workers']) write(`${room}/a.ts`, '')
  for (const lock of ['trainer/requirements.lock', 'stack/requirements.lock', 'tests/requirements.lock', 'stack/installer.lock'])
    write(lock, '')
})
afterEach(() => folder.remove())

function write(path: string, content: string, mode = 0o644): void {
  const file = join(folder.path, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  chmodSync(file, mode)
}

/** Set-up with only these programs on the PATH. */
function setUp(programs: Record<string, string>, ...args: string[]) {
  for (const [name, script] of Object.entries(programs)) write(`programs/${name}`, `#!/bin/sh\n${script}\n`, 0o755)
  const env = { PATH: join(folder.path, 'programs'), HOME: folder.path }
  return spawnSync(process.execPath, ['setup.mjs', ...args], { cwd: folder.path, env, encoding: 'utf8' })
}

describe('set-up', () => {
  it('says which Python it needs and which it found', () => {
    const { status, stderr } = setUp({ python3: 'echo 3.9; echo /usr/bin/python3' })
    expect(stderr).toContain('Python 3.11 or newer is needed (python3 is 3.9): install it')
    expect(status).toBe(1)
  })

  it('says so when there is no Python at all', () => {
    expect(setUp({}).stderr).toContain('Python 3.11 or newer is needed (none was found)')
  })

  it('shows what a failing program said, and fails', () => {
    const { status, stderr } = setUp({ python3: 'case "$1" in -c) echo 3.11; echo "$0";; *) echo "no pip here"; exit 3;; esac' })
    expect(stderr).toContain('no pip here')
    expect(stderr).toContain('apt install python3-pip')
    expect(status).toBe(1)
  })

  it('refuses an option that it does not know', () => {
    const { status, stderr } = setUp({}, '--deb')
    expect(stderr).toContain("Unknown option '--deb'")
    expect(status).toBe(1)
  })
})
