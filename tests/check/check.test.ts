/** Each check can fail: what it is there to find is planted in a small tree of its own. */
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { addresses } from './addresses.ts'
import { type Check, hasFailed } from './check.ts'
import { projectRoot, runCommand } from './command.ts'
import { lockfile } from './lockfile.ts'
import { deadCode, format, lint, types } from './typescript.ts'

// whole tools are started, on cores that other tests use too
vi.setConfig({ testTimeout: 300_000 })

let root: string

beforeEach(async () => {
  root = `${await mkdtemp(join(tmpdir(), 'quantloop-check-'))}/`
  for (const file of ['.npmrc', '.oxfmtrc.json', '.oxlintrc.json', 'package.json', 'package-lock.json', 'tsconfig.json'])
    await copyFile(join(projectRoot, file), join(root, file))
  await symlink(join(projectRoot, 'node_modules'), join(root, 'node_modules'))
  await plant('knip.json', `{ "entry": ["domain/used.ts"], "project": ["**/*.ts"], "ignoreDependencies": [".+"] }\n`)
  await plant('.gitignore', 'node_modules\n')
  await plant('domain/used.ts', 'export const answer = 42\n')
  await runCommand('git', ['init', '--quiet'], { cwd: root })
})

afterEach(async () => {
  await rm(root, { recursive: true })
})

async function plant(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}

describe('a tree without faults passes', () => {
  test.each([types, lint, format, addresses, lockfile])('$name', async (check) => {
    const finding = await check.run(root)
    expect(finding.faults).toEqual([])
    expect(finding.looked).toBeGreaterThan(0)
    expect(hasFailed(finding)).toBe(false)
  })
})

const planted: { what: string; check: Check; path: string; text: string; fault: RegExp }[] = [
  {
    what: 'a wrong type',
    check: types,
    path: 'domain/planted.ts',
    text: `export const half: number = 'a half'\n`,
    fault: /domain\/planted\.ts\(1,14\): error TS2322/,
  },
  {
    what: 'an index that may be missing',
    check: types,
    path: 'domain/planted.ts',
    text: `export const first: number = [1][0]\n`,
    fault: /error TS2322/,
  },
  {
    what: 'a promise that nobody awaits',
    check: lint,
    path: 'workflows/planted.ts',
    text: `export function forget(): void {\n  Promise.resolve(1)\n}\n`,
    fault: /workflows\/planted\.ts:2 typescript\(no-floating-promises\)/,
  },
  {
    what: 'an import that the rooms forbid',
    check: lint,
    path: 'domain/planted.ts',
    text: `export { connectDatabase } from '#db/client.ts'\n`,
    fault: /no-restricted-imports/,
  },
  {
    what: 'another format',
    check: format,
    path: 'domain/planted.ts',
    text: `export const half = "a half";\n`,
    fault: /domain\/planted\.ts: run npm run format/,
  },
  {
    what: 'a file that nobody uses',
    check: deadCode,
    path: 'domain/planted.ts',
    text: `export const unused = 1\n`,
    fault: /domain\/planted\.ts unused or missing \(files\)/,
  },
  {
    what: 'the address of a registry',
    check: addresses,
    path: 'domain/planted.ts',
    text: `// from https://${['registry', 'npmjs.org'].join('.')}/left-pad\n`,
    fault: /domain\/planted\.ts:1 holds registry/,
  },
  {
    what: 'an address in a lock',
    check: addresses,
    path: 'trainer/requirements.lock',
    text: `\n    # from ${['https', '//example.com/simple'].join(':')}\n`,
    fault: /requirements\.lock:2 holds https/,
  },
  {
    what: 'a path of one machine',
    check: addresses,
    path: 'docs/planted.md',
    text: `see ${['', 'home', 'ann', 'quantloop'].join('/')}\n`,
    fault: /docs\/planted\.md:1 holds /,
  },
]

test.each(planted)('finds $what', async ({ check, path, text, fault }) => {
  await plant(path, text)
  const finding = await check.run(root)
  expect(finding.faults.join('\n')).toMatch(fault)
  expect(hasFailed(finding)).toBe(true)
})

test('the lockfile check finds a package that the lock does not know', async () => {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  manifest.dependencies['left-pad'] = '1.3.0'
  await plant('package.json', JSON.stringify(manifest))
  expect((await lockfile.run(root)).faults.join('\n')).toMatch(/npm ci --dry-run in an empty folder ended with status 1/)
})

test('the lockfile check finds the address of a registry', async () => {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Record<string, unknown>> }
  Object.assign(lock.packages['node_modules/zod'] ?? {}, { resolved: 'https://example.com/zod.tgz' })
  await plant('package-lock.json', JSON.stringify(lock))
  expect((await lockfile.run(root)).faults[0]).toContain('node_modules/zod names the address https://example.com/zod.tgz')
})

test('a check that looked at nothing has failed', () => {
  expect(hasFailed({ looked: 0, unit: 'files', faults: [] })).toBe(true)
})
