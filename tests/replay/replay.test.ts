import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DefaultLogger, Worker } from '@temporalio/worker'
import { DeterminismViolationError } from '@temporalio/workflow'
import { beforeAll, describe, expect, it } from 'vitest'
import { quietRuntime } from '#tests/support/temporal.ts'
import { workflowBundle } from '#workers/workflow-bundle.ts'
import * as workflows from '#workflows/index.ts'
import { historiesFolder } from './histories-folder.ts'
import { readHistory, type SavedHistory } from './record-histories.ts'

const files = (existsSync(historiesFolder) ? readdirSync(historiesFolder) : []).filter((name) => name.endsWith('.json'))

let bundle: Awaited<ReturnType<typeof workflowBundle>>
beforeAll(async () => {
  quietRuntime()
  bundle = await workflowBundle(join(tmpdir(), 'quantloop-test-bundles'), new DefaultLogger('ERROR'))
})

const replay = ({ workflowId, history }: SavedHistory) => Worker.runReplayHistory({ workflowBundle: bundle }, history, workflowId)

it.each(Object.keys(workflows))('a history of %s is kept', (workflow) => {
  expect(files.filter((file) => file.startsWith(`${workflow}-`))).not.toEqual([])
})

describe('today’s code takes the same steps as the code that was recorded', () => {
  it.each(files)('%s', async (file) => {
    await expect(replay(readHistory(file))).resolves.toBeUndefined()
  })

  it('and a history with another step in it is noticed', async () => {
    const registrationsIn = ({ history }: SavedHistory) =>
      (history.events ?? [])
        .map((event) => event.activityTaskScheduledEventAttributes?.activityType)
        .filter((type) => type?.name === 'registerCandidate')
    const registering = files
      .filter((file) => file.startsWith('trainModel-completed'))
      .map(readHistory)
      .find((saved) => registrationsIn(saved).length > 0)!
    for (const type of registrationsIn(registering)) type!.name = 'evaluateCandidate'
    await expect(replay(registering)).rejects.toThrow(DeterminismViolationError)
  })
})
