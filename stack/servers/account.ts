import { execFileSync, spawnSync } from 'node:child_process'
import { QuantloopError } from '#contracts/errors.ts'

export type Account = { uid: number; gid: number }

const name = 'postgres'

/** PostgreSQL refuses to run as root: the account to run it as then, made when there is none. Undefined otherwise. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const found = lookUp()
  if (found) return found
  const made = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name], {
    encoding: 'utf8',
  })
  const account = lookUp()
  if (account) return account
  const reason = made.error?.message ?? made.stderr.trim()
  throw new QuantloopError(
    'unavailable',
    `PostgreSQL does not run as root, there is no account "${name}", and making one failed (${reason}): run as another user, or make the account`,
    { account: name },
  )
}

function lookUp(): Account | undefined {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

/** Whether the account gets through to a file or folder: asked of the system, which knows modes, groups and ACLs. */
export function canReach(account: Account, path: string): boolean {
  return spawnSync('/bin/sh', ['-c', '[ -d "$0" ] && [ -x "$0" ] || [ -r "$0" ]', path], { cwd: '/', ...account }).status === 0
}
