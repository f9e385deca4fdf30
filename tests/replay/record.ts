/**
 * Records anew what tests/replay replays, by running the tests of workflows: `node --import tsx tests/replay/record.ts`.
 * Until the first tagged release a changed workflow is recorded anew; from then on the folder only grows, and a change
 * needs `patched`.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { historiesFolder } from './histories-folder.ts'

/** Tests of other rooms whose workflows have none of their own. */
const alsoRunWorkflows = ['tests/api/schedules.test.ts', 'tests/cli/feature-check.test.ts', 'tests/cli/feature-files.test.ts']

rmSync(historiesFolder, { recursive: true, force: true })
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', 'tests/workflows', ...alsoRunWorkflows, '--no-file-parallelism', ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    env: { ...process.env, QUANTLOOP_RECORD_HISTORIES: '1' },
  },
)
process.exitCode = status ?? 1
