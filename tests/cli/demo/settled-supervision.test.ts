import { expect, test } from 'vitest'
import { isSettled } from '#cli/demo/settled-supervision.ts'
import { alarm, retrainOf, sessions, watchedUpTo } from './watching.ts'

const last = sessions.at(-1)!

test('a quiet replay is over once the champion was watched to the last session with an outcome', () => {
  expect(isSettled(watchedUpTo(last))).toBe(true)
  expect(isSettled(watchedUpTo(sessions.at(-2)!))).toBe(false)
})

test('a new champion is waited for until its own monitor has caught up', () => {
  const quiet = watchedUpTo(last)
  const promoted = { ...quiet, supervision: { ...quiet.supervision, champion: { name: 'range', version: 2 } } }
  expect(isSettled(promoted)).toBe(false)
})

test('an alarm waits for its retrain, unless it lies in the cooldown of the one before', () => {
  expect(isSettled(watchedUpTo(last, { alerts: [alarm('2008-07-01')] }))).toBe(false)
  expect(isSettled(watchedUpTo(last, { alerts: [alarm('2008-07-01')], retrains: [retrainOf('2008-07-01')] }))).toBe(true)
  const alerts = [alarm('2008-07-01'), alarm(sessions[sessions.indexOf('2008-07-01') + 40]!)]
  expect(isSettled(watchedUpTo(last, { alerts, retrains: [retrainOf('2008-07-01')] }))).toBe(true)
  alerts.push(alarm(sessions[sessions.indexOf('2008-07-01') + 41]!))
  expect(isSettled(watchedUpTo(last, { alerts, retrains: [retrainOf('2008-07-01')] }))).toBe(false)
})

test.each([
  ['training', false],
  ['rolling-out', false],
] as const)('a retrain that is %s is waited for', (state, settled) => {
  expect(isSettled(watchedUpTo(last, { retrains: [retrainOf('2008-07-01', { state, endedAt: null })] }))).toBe(settled)
})

test('a challenger is waited for while its next look can come, and no longer', () => {
  const challengerOf = (session: string) => retrainOf(session, { state: 'challenging', verdict: null, endedAt: null })
  expect(isSettled(watchedUpTo(last, { retrains: [challengerOf(sessions.at(-11)!)] }))).toBe(false)
  expect(isSettled(watchedUpTo(last, { retrains: [challengerOf(sessions.at(-10)!)] }))).toBe(true)
})

test('a supervision that has ended is told as what it is', () => {
  const quiet = watchedUpTo(last)
  const failed = {
    ...quiet,
    supervision: { ...quiet.supervision, state: 'failed' as const, failure: 'no disk', endedAt: quiet.supervision.startedAt },
  }
  expect(() => isSettled(failed)).toThrow('failed: no disk')
})
