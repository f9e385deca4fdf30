/** The rooms' import rules can fail: each is broken on purpose in a tree of its own, and the real tree keeps them all. */
import { mkdir, mkdtemp, rm, writeFile, copyFile, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { projectRoot, runCommand } from './check/command.ts'
import { lint } from './check/typescript.ts'

const rows: { room: string; refused: string[]; allowed: string[] }[] = [
  {
    room: 'domain',
    refused: [
      `import { connectDatabase } from '#db/client.ts'`,
      `import { Bar } from '#contracts/datasets.ts'`,
      `import { readFile } from 'node:fs/promises'`,
      `import { randomBytes } from 'node:crypto'`,
      `import { createHmac, type Hash } from 'node:crypto'`,
      `import { tableFromIPC } from 'apache-arrow'`,
      `import { SMA } from 'technicalindicators'`,
      `import { connectDatabase } from '../../db/client.ts'`,
      `export * from '#contracts/words.ts'`,
    ],
    allowed: [
      `import { createHash } from 'node:crypto'`,
      `import { bars } from '#domain/market/bars.ts'`,
      `import { bars } from '../market/bars.ts'`,
    ],
  },
  {
    room: 'contracts',
    refused: [
      `import { db } from '#db/client.ts'`,
      `import { z } from 'hono'`,
      `import { join } from 'node:path'`,
      `import { Config } from '#config/config.ts'`,
    ],
    allowed: [`import { z } from 'zod'`, `import { engineVersion } from '#domain/features/engine.ts'`, `import { Id } from './words.ts'`],
  },
  {
    room: 'db',
    refused: [
      `import { objects } from '#storage/object-store.ts'`,
      `import { a } from '#activities/edge.ts'`,
      `import { Client } from 'minio'`,
      `import { Hono } from 'hono'`,
    ],
    allowed: [
      `import { Id } from '#contracts/words.ts'`,
      `import { eq } from 'drizzle-orm'`,
      `import pg from 'pg'`,
      `import { Config } from '#config/config.ts'`,
    ],
  },
  {
    room: 'storage',
    refused: [
      `import { db } from '#db/client.ts'`,
      `import { bars } from '#domain/market/bars.ts'`,
      `import { loadModel } from '../inference/onnx-model.ts'`,
    ],
    allowed: [`import { Client } from 'minio'`, `import { Sha256 } from '#contracts/references.ts'`],
  },
  {
    room: 'inference',
    refused: [`import { db } from '#db/client.ts'`, `import { objects } from '#storage/object-store.ts'`],
    allowed: [`import { InferenceSession } from 'onnxruntime-node'`, `import { QuantloopError } from '#contracts/errors.ts'`],
  },
  {
    room: 'activities',
    refused: [
      `import { pause } from '#workflows/messages/run.ts'`,
      `import { app } from '#api/app.ts'`,
      `import { serve } from '#serving/app.ts'`,
      `import { Client } from 'minio'`,
      `import { InferenceSession } from 'onnxruntime-node'`,
      `import pg from 'pg'`,
    ],
    allowed: [
      `import { db } from '#db/client.ts'`,
      `import { objects } from '#storage/object-store.ts'`,
      `import { loadModel } from '#inference/onnx-model.ts'`,
    ],
  },
  {
    room: 'reports',
    refused: [
      `import { db } from '#db/client.ts'`,
      `import { objects } from '#storage/object-store.ts'`,
      `import { readFile } from 'node:fs/promises'`,
      `import { createApp } from '#api/app.ts'`,
      `import { z } from 'zod'`,
      `import { bars } from '../../domain/market/bars.ts'`,
    ],
    allowed: [
      `import { init } from 'echarts/core'`,
      `import type { TrainingRun } from '#contracts/training.ts'`,
      `import { dayOf } from '#domain/market/bars.ts'`,
    ],
  },
  {
    room: 'workflows',
    refused: [
      `import { db } from '#db/client.ts'`,
      `import type { db } from '#db/client.ts'`,
      `import { createJournalActivities } from '#activities/journal.ts'`,
      `import { Command } from '#contracts/commands.ts'`,
      `import { type Command, RunState } from '#contracts/commands.ts'`,
      `import { z } from 'zod'`,
      `import { createHash } from 'node:crypto'`,
      `import { setTimeout } from 'timers/promises'`,
      `import { Client } from '@temporalio/client'`,
      `import { Context } from '@temporalio/activity'`,
      `export const later = () => import('#contracts/commands.ts')`,
    ],
    allowed: [
      `import type { JournalActivities } from '#activities/journal.ts'`,
      `import type { Command } from '#contracts/commands.ts'`,
      `import { type Command } from '#contracts/commands.ts'`,
      `import { trainingWorkflowId } from '#contracts/ids.ts'`,
      `import { taskQueues } from '#contracts/task-queues.ts'`,
      `import { httpStatusOf } from '#contracts/errors.ts'`,
      `import { searchAttributeNames } from '#contracts/search-attributes.ts'`,
      `import { purge } from '#domain/evaluation/segments.ts'`,
      `import { sleep } from '@temporalio/workflow'`,
    ],
  },
  {
    room: 'serving',
    refused: [
      `import { edge } from '#activities/edge.ts'`,
      `import { app } from '#api/app.ts'`,
      `import { Client } from 'minio'`,
      `import { pause } from '#workflows/messages/run.ts'`,
      `import { trainingRunReport } from '#reports/training-run-report.ts'`,
    ],
    allowed: [`import { Hono } from 'hono'`, `import { db } from '#db/client.ts'`, `import { loadModel } from '#inference/onnx-model.ts'`],
  },
  {
    room: 'api',
    refused: [
      `import { recordRunState } from '#db/commands/record-run-state.ts'`,
      `import { connectDatabase } from '#db/client.ts'`,
      `import { trainModel } from '#workflows/index.ts'`,
      `import { edge } from '#activities/edge.ts'`,
      `import { bars } from '../../db/client.ts'`,
      `import { init } from 'echarts/core'`,
    ],
    allowed: [
      `import { trainingRunReport } from '#reports/training-run-report.ts'`,
      `import { listModels } from '#db/queries/models.ts'`,
      `import { revokeKey } from '#db/commands/identity/revoke-key.ts'`,
      `import type { Database } from '#db/client.ts'`,
      `import { assertMigrated } from '#db/migrate.ts'`,
      `import type { trainModel } from '#workflows/index.ts'`,
      `import { pause } from '#workflows/messages/run.ts'`,
      `import { Hono } from 'hono'`,
    ],
  },
  {
    room: 'cli',
    refused: [
      `import { edge } from '#activities/edge.ts'`,
      `import { app } from '#api/app.ts'`,
      `import { listModels } from '#db/queries/models.ts'`,
    ],
    allowed: [
      `import { Config } from '#config/config.ts'`,
      `import { startServices } from '#stack/services.ts'`,
      `import { demoReport } from '#reports/demo-report.ts'`,
    ],
  },
  {
    room: 'stack',
    refused: [`import { app } from '#api/app.ts'`, `import { main } from '#workers/api.ts'`, `import { program } from '#cli/main.ts'`],
    allowed: [`import { Config } from '#config/config.ts'`, `import { searchAttributeNames } from '#contracts/search-attributes.ts'`],
  },
  {
    room: 'config',
    refused: [`import { db } from '#db/client.ts'`, `import { startServices } from '#stack/services.ts'`],
    allowed: [`import { Name } from '#contracts/words.ts'`, `import { z } from 'zod'`],
  },
  {
    room: 'telemetry',
    refused: [`import { db } from '#db/client.ts'`, `import { app } from '#api/app.ts'`],
    allowed: [`import pino from 'pino'`, `import { Config } from '#config/config.ts'`],
  },
  {
    room: 'workers',
    refused: [`import { testDatabase } from '#tests/support/services.ts'`, `import { program } from '#cli/main.ts'`],
    allowed: [`import { app } from '#api/app.ts'`, `import { db } from '#db/client.ts'`],
  },
]

/** They may import everything. */
const withoutRules = ['bench', 'tests']

const planted = (room: string, kind: string, index: number) => `${room}/planted/${kind}-${index}.ts`

describe('the rooms', () => {
  let tree: string
  let status: number
  let caught: Set<string>
  let looked: number

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), 'quantloop-rooms-'))
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) await copyFile(join(projectRoot, file), join(tree, file))
    for (const { room, refused, allowed } of rows)
      for (const [kind, lines] of Object.entries({ refused, allowed }))
        for (const [index, line] of lines.entries()) {
          const path = join(tree, planted(room, kind, index))
          await mkdir(dirname(path), { recursive: true })
          await writeFile(path, `${line}\n`)
        }
    const outcome = await runCommand(process.execPath, [join(projectRoot, 'node_modules/oxlint/bin/oxlint'), '--format', 'json'], {
      cwd: tree,
    })
    const report = JSON.parse(outcome.stdout) as { number_of_files: number; diagnostics: { code: string; filename: string }[] }
    status = outcome.status
    looked = report.number_of_files
    caught = new Set(report.diagnostics.filter(({ code }) => code.includes('no-restricted-imports')).map(({ filename }) => filename))
  })

  afterAll(async () => {
    await rm(tree, { recursive: true })
  })

  test('lint looks at every planted file and fails', () => {
    expect(looked).toBe(rows.flatMap(({ refused, allowed }) => [...refused, ...allowed]).length)
    expect(status).toBe(1)
  })

  describe.each(rows)('$room', ({ room, refused, allowed }) => {
    test.each(refused.map((line, index) => [line, index] as const))('refuses %s', (_, index) => {
      expect(caught).toContain(planted(room, 'refused', index))
    })
    test.each(allowed.map((line, index) => [line, index] as const))('allows %s', (_, index) => {
      expect(caught).not.toContain(planted(room, 'allowed', index))
    })
  })

  test('every room has a row here and rules of its own', async () => {
    const config = JSON.parse(await readFile(join(projectRoot, '.oxlintrc.json'), 'utf8')) as { overrides: { files: string[] }[] }
    const ruled = config.overrides.flatMap(({ files }) => files)
    const { stdout } = await runCommand('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*/*.ts'], { cwd: projectRoot })
    const folders = new Set(stdout.split('\n').flatMap((path) => /^([^/]+)\//.exec(path)?.[1] ?? []))
    const rooms = [...folders].filter((name) => !withoutRules.includes(name))
    expect(rows.map(({ room }) => room).toSorted()).toEqual(rooms.toSorted())
    for (const room of rooms) expect(ruled).toContain(`${room}/**/*.ts`)
  })

  test('the tree keeps the rules, and was looked at', async () => {
    const finding = await lint.run(projectRoot)
    expect(finding.faults).toEqual([])
    expect(finding.looked).toBeGreaterThan(100)
  }, 300_000)
})
