/** What must not compile. The type check fails here when one of these lines begins to. */
import { expect, expectTypeOf, test } from 'vitest'
import type { Command } from '#contracts/commands.ts'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import type { PredictionInput } from '#contracts/predictions.ts'
import type { TrainingState } from '#contracts/training.ts'
import { taskQueues, type TaskQueue } from '#contracts/task-queues.ts'

// @ts-expect-error a csv source names its upload
export const csv: ConnectorConfig = { kind: 'csv', filename: 'bars.csv' }

// @ts-expect-error there is no such source
export const source: ConnectorConfig = { kind: 'ftp' }

// @ts-expect-error a tensor has no symbol
export const input: PredictionInput = { kind: 'tensor', values: [], sha256: '0', symbol: 'AAPL' }

// @ts-expect-error who gave the command is never left out
export const command: Command = { commandId: '1' }

// @ts-expect-error no such queue
export const queue: TaskQueue = 'trainer'

/** A new state does not compile until every such switch names it. */
export function isOver(state: TrainingState): boolean {
  switch (state) {
    case 'approved':
    case 'rejected':
    case 'refused':
    case 'failed':
    case 'stopped':
      return true
    case 'running':
    case 'pausing':
    case 'paused':
    case 'awaiting_approval':
    case 'stopping':
      return false
    default:
      state satisfies never
      return state
  }
}

test('the queues are what the processes listen on', () => {
  expectTypeOf<TaskQueue>().toEqualTypeOf<'orchestration' | 'features' | 'trainer-cpu' | 'trainer-gpu'>()
  expect(Object.values(taskQueues)).toEqual(['orchestration', 'features', 'trainer-cpu', 'trainer-gpu'])
})
