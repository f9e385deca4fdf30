/**
 * Records anew what tests/replay replays, by running the tests of workflows: `node --import tsx tests/replay/record.ts`.
 * Until the first tagged release a changed workflow is recorded anew; from then on the folder only grows, and a change
 * needs `patched`.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { historiesFolder } from './histories-folder.ts'

rmSync(historiesFolder, { recursive: true, force: true })
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', 'tests/workflows', 'tests/api/schedules.test.ts', '--no-file-parallelism', ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    env: { ...process.env, QUANTLOOP_RECORD_HISTORIES: '1' },
  },
)
process.exitCode = status ?? 1
