import { expect, test } from 'vitest'
import { Narrator } from '#cli/demo/narrator.ts'
import { alarm, retrainOf, sessions, watchedUpTo } from './watching.ts'

const told = (...looks: Parameters<Narrator['tell']>[0][]): string[] => {
  const lines: string[] = []
  const narrator = new Narrator((line) => lines.push(line))
  for (const look of looks) narrator.tell(look)
  return lines
}

const upTo = (session: string, change: Parameters<typeof watchedUpTo>[1] = {}) => {
  const watching = watchedUpTo(session, change)
  const next = sessions[sessions.indexOf(session) + 1] ?? '2008-11-28'
  return { ...watching, supervision: { ...watching.supervision, processedThrough: next } }
}

test('each session is one line, once, however often one looks, and says that its bars are real', () => {
  const lines = told(upTo('2008-06-03'), upTo('2008-06-03'), upTo('2008-06-05'))
  expect(lines).toEqual([
    'replay of real bars ·   1/127  2008-06-02  loss 0.125 range@1, 0.125 persistence  CUSUM 1.50 of 8.00',
    'replay of real bars ·   2/127  2008-06-03  loss 0.125 range@1, 0.125 persistence  CUSUM 1.50 of 8.00',
    'replay of real bars ·   3/127  2008-06-04  loss 0.125 range@1, 0.125 persistence  CUSUM 1.50 of 8.00',
    'replay of real bars ·   4/127  2008-06-05  loss 0.125 range@1, 0.125 persistence  CUSUM 1.50 of 8.00',
  ])
})

test('a session whose successor has not landed is not told yet', () => {
  const half = { ...watchedUpTo('2008-06-03'), supervision: { ...watchedUpTo('2008-06-03').supervision, processedThrough: '2008-06-03' } }
  expect(told(half)).toHaveLength(1)
})

test('alerts are told once, and each state of a retrain', () => {
  const alerts = [alarm('2008-06-02')]
  const retrain = (change: Parameters<typeof retrainOf>[1]) => upTo('2008-06-02', { alerts, retrains: [retrainOf('2008-06-02', change)] })
  const lines = told(
    retrain({ state: 'training', challenger: null }),
    retrain({ state: 'challenging' }),
    retrain({ state: 'challenging' }),
    retrain({ state: 'not-promoted' }),
  )
  expect(lines.slice(1)).toEqual([
    'replay of real bars · 2008-06-02  warning, decay: the loss has risen',
    "replay of real bars · 2008-06-02  the champion's recipe is trained anew on data up to here",
    'replay of real bars · 2008-06-02  range@2 is fitted; later sessions will judge it',
    'replay of real bars · 2008-06-02  range@2 is not promoted: inconclusive after 30 sessions',
  ])
})
