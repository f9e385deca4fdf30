import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { eligibleAlarm } from '#domain/supervision/eligible-alarm.ts'
import {
  type FallbackFacts,
  nextFallbackMove,
  nextRetrainMove,
  type RetrainFacts,
  type RetrainMove,
} from '#domain/supervision/retrain-moves.ts'

const facts: RetrainFacts = {
  state: 'challenging',
  verdict: null,
  training: 'waiting',
  rollout: null,
  championLeft: false,
  fallsBack: false,
  endpointBusy: false,
}
const better = { verdict: 'better' } as const
const training = { state: 'training' } as const
const rolling = { state: 'rolling-out', verdict: 'better', training: 'approved' } as const

describe('the next move with a challenger', () => {
  test.each<[string, Partial<RetrainFacts>, RetrainMove]>([
    ['its row stands, nothing was started', { ...training, training: null }, 'train'],
    ['it is being fitted', { ...training, training: 'running' }, 'wait'],
    ['it is registered', { ...training, training: 'waiting' }, 'challenge'],
    ['somebody approved it before anybody looked', { ...training, training: 'approved' }, 'challenge'],
    ['somebody rejected it', { ...training, training: 'rejected' }, 'refuse'],
    ['its fit failed', { ...training, training: 'lost' }, 'fail'],
    ['no verdict yet', {}, 'judge'],
    ['its run failed while it challenged', { training: 'lost' }, 'fail'],
    ['it is better', better, 'approve'],
    ['it is better and approved', { ...better, training: 'approved' }, 'roll-out'],
    ['another deployment is in the way', { ...better, training: 'approved', endpointBusy: true }, 'wait'],
    ['it is better, and persistence beats both', { ...better, fallsBack: true }, 'reject'],
    ['the same, once it was rejected', { ...better, fallsBack: true, training: 'rejected' }, 'refuse'],
    ['it is worse', { verdict: 'worse' }, 'reject'],
    ['nobody can tell', { verdict: 'inconclusive' }, 'reject'],
    ['nobody can tell, and it was rejected', { verdict: 'inconclusive', training: 'rejected' }, 'refuse'],
    ['nobody can tell, and somebody had approved it', { verdict: 'inconclusive', training: 'approved' }, 'refuse'],
    ['its rollout was not started', { ...rolling }, 'roll-out'],
    ['it is being rolled out', { ...rolling, rollout: 'under-way' }, 'wait'],
    ['it answers', { ...rolling, rollout: 'done' }, 'promote'],
    ['its rollout was undone', { ...rolling, rollout: 'undone' }, 'fail'],
    ['another champion came while it was fitted', { ...training, training: 'running', championLeft: true }, 'stop-training'],
    ['another champion came while it challenged', { championLeft: true }, 'reject'],
    ['another champion came, and it was rejected', { championLeft: true, training: 'rejected' }, 'refuse'],
  ])('%s', (_, given, move) => {
    expect(nextRetrainMove({ ...facts, ...given })).toBe(move)
  })

  it('promotes nothing that was not found better and answers', () => {
    fc.assert(
      fc.property(
        fc.record<RetrainFacts>({
          state: fc.constantFrom('training', 'challenging', 'rolling-out'),
          verdict: fc.constantFrom('better', 'worse', 'inconclusive', null),
          training: fc.constantFrom('running', 'waiting', 'approved', 'rejected', 'lost', null),
          rollout: fc.constantFrom('under-way', 'done', 'undone', null),
          championLeft: fc.boolean(),
          fallsBack: fc.boolean(),
          endpointBusy: fc.boolean(),
        }),
        (given) => {
          const move = nextRetrainMove(given)
          if (move === 'promote') expect(given).toMatchObject({ state: 'rolling-out', rollout: 'done' })
          if (move === 'approve') expect(given).toMatchObject({ state: 'challenging', verdict: 'better', fallsBack: false })
          if (move === 'roll-out' && given.state === 'challenging') expect(given).toMatchObject({ verdict: 'better', training: 'approved' })
        },
      ),
    )
  })
})

test.each<[FallbackFacts['training'], FallbackFacts['rollout'], boolean, ReturnType<typeof nextFallbackMove>]>([
  [null, null, false, 'train'],
  ['running', null, false, 'wait'],
  ['waiting', null, false, 'approve'],
  ['approved', null, true, 'wait'],
  ['approved', null, false, 'roll-out'],
  ['approved', 'under-way', true, 'wait'],
  ['approved', 'done', false, null],
  ['approved', 'undone', false, 'fail'],
  ['lost', null, false, 'fail'],
  ['rejected', null, false, 'fail'],
])('a fallback whose training is %s and rollout %s (busy: %s) goes on with %s', (training, rollout, endpointBusy, move) => {
  expect(nextFallbackMove({ training, rollout, endpointBusy })).toBe(move)
})

describe('the alarm that starts a retrain', () => {
  const calendar = Array.from({ length: 100 }, (_, day) => new Date(Date.UTC(2008, 5, 1 + day)).toISOString().slice(0, 10))
  const alarm = (day: number) => ({ id: `alarm ${day}`, session: calendar[day]! })

  it('is the earliest when there was none before', () => {
    expect(eligibleAlarm([alarm(3), alarm(9)], { lastStarted: null, cooldownSessions: 40, calendar })).toEqual(alarm(3))
  })

  it('lies more than the cooldown after the last that did', () => {
    const after = (cooldownSessions: number) =>
      eligibleAlarm([alarm(30), alarm(50), alarm(51)], { lastStarted: calendar[10]!, cooldownSessions, calendar })
    expect(after(40)).toEqual(alarm(51))
    expect(after(39)).toEqual(alarm(50))
    expect(after(19)).toEqual(alarm(30))
    expect(after(60)).toBeUndefined()
  })

  it('is never an earlier one, not even without a cooldown', () => {
    expect(eligibleAlarm([alarm(4), alarm(10)], { lastStarted: calendar[10]!, cooldownSessions: 0, calendar })).toBeUndefined()
  })

  it('is the same however many of them were seen at once', () => {
    const days = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { maxLength: 20 }).map((days) => days.toSorted((a, b) => a - b))
    fc.assert(
      fc.property(days, fc.integer({ min: 0, max: 60 }), (days, cooldownSessions) => {
        const started = (looks: number[][]) => {
          const seen: ReturnType<typeof alarm>[] = []
          const used: string[] = []
          for (const look of looks) {
            seen.push(...look.map(alarm))
            for (let next; ; used.push(next.session)) {
              const waiting = seen.filter(({ session }) => !used.includes(session))
              next = eligibleAlarm(waiting, { lastStarted: used.at(-1) ?? null, cooldownSessions, calendar })
              if (next === undefined) break
            }
          }
          return used
        }
        expect(started(days.map((day) => [day]))).toEqual(started([days]))
      }),
    )
  })
})
