import { ActivityFailure, ApplicationFailure, RetryState } from '@temporalio/common'
import { Client, Connection, WorkflowFailedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explain, refuseError } from '#api/errors.ts'
import { type ErrorCode, httpStatusOf, QuantloopError } from '#contracts/errors.ts'
import { Problem } from '#contracts/problems.ts'
import { connectDatabase } from '#db/client.ts'
import { DomainError } from '#domain/domain-error.ts'
import { freePort } from '#stack/ports.ts'
import { apiWorld, type ApiWorld, furnish, trainBody } from './world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await apiWorld()
})
afterAll(() => world?.close())

describe('a problem', () => {
  const thrower = (error: Error) => {
    const app = new Hono()
    app.onError(refuseError({ log: { error: () => {}, warn: () => {} } }) as never)
    return app.get('/thrown', () => {
      throw error
    })
  }

  test.each(Object.keys(httpStatusOf) as ErrorCode[])('%s has its status, code, place and words', async (code) => {
    const response = await thrower(new QuantloopError(code, 'what was wrong and what to do', { file: 'bars.csv', line: 7 })).request(
      '/thrown',
    )
    expect(response.status).toBe(httpStatusOf[code])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(Problem.parse(await response.json())).toEqual({
      type: `urn:quantloop:problem:${code}`,
      title: code.replaceAll('_', ' '),
      status: httpStatusOf[code],
      detail: 'what was wrong and what to do',
      code,
      instance: '/thrown',
      place: { file: 'bars.csv', line: 7 },
    })
  })

  test('of ours keeps its text in the log', async () => {
    const response = await thrower(new Error('password=secret')).request('/thrown')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
  })
})

describe('what was thrown elsewhere', () => {
  const refused = ApplicationFailure.nonRetryable('the run was already decided: reject', 'already_decided', { run: 'r1' })
  test.each<[string, unknown, ErrorCode]>([
    ['a rule of the domain', new DomainError('expression_invalid', 'no such function'), 'expression_invalid'],
    ['a validator of a workflow', new WorkflowUpdateFailedError('failed', refused), 'already_decided'],
    [
      'an activity of a workflow',
      new WorkflowFailedError(
        'failed',
        new ActivityFailure('failed', 'read', '1', RetryState.NON_RETRYABLE_FAILURE, 'w', refused),
        RetryState.NON_RETRYABLE_FAILURE,
      ),
      'already_decided',
    ],
    [
      'a failure of no code of ours',
      new WorkflowUpdateFailedError('failed', ApplicationFailure.nonRetryable('x', 'TypeError')),
      'internal',
    ],
    ['a workflow that is not there', new WorkflowNotFoundError('none', 'train/x', undefined), 'not_found'],
    [
      'a wrong value in SQL',
      Object.assign(new Error('query'), { cause: Object.assign(new Error('bad uuid'), { code: '22P02' }) }),
      'invalid_request',
    ],
    ['PostgreSQL going away', Object.assign(new Error('terminating'), { code: '57P01' }), 'unavailable'],
    [
      'PostgreSQL not there',
      Object.assign(new Error('query'), { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) }),
      'unavailable',
    ],
    ['a body too large', new HTTPException(413), 'body_too_large'],
    ['a teapot', new HTTPException(418), 'internal'],
  ])('%s', (_, error, code) => {
    expect(explain(error).code).toBe(code)
  })

  test('keeps the place that the workflow told', () => {
    expect(explain(new WorkflowUpdateFailedError('failed', refused)).place).toEqual({ run: 'r1' })
  })
})

describe('a server that is away', () => {
  test('PostgreSQL: 503 for requests, and ready says so', async () => {
    const port = await freePort()
    const away = connectDatabase(`postgresql://nobody@127.0.0.1:${port}/none`)
    const other = await apiWorld({ db: away.db })
    try {
      const answer = await other.ask('GET /api/v1/datasets')
      expect([answer.status, answer.json().code]).toEqual([503, 'unavailable'])
      const ready = await other.ask('GET /health/ready', { key: undefined })
      expect(ready.status).toBe(503)
      expect(Object.keys(ready.json().missing)).toEqual(['postgresql'])
      expect((await other.ask('GET /health/live', { key: undefined })).status).toBe(200)
    } finally {
      await away.close()
      await other.close()
    }
  })

  test('Temporal: 503 for a start, nothing lost, and the same request passes when it is back', async () => {
    await furnish(world)
    // Left open: the SDK's retry of a call that the readiness gave up would throw, in a timer, on a channel that is shut down.
    const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` })
    const other = await apiWorld({ db: world.db, temporal: new Client({ connection }) })
    try {
      const request = { key: world.keys.operator, body: trainBody, headers: { 'idempotency-key': 'again' } }
      const away = await other.ask('POST /api/v1/training-runs', request)
      expect([away.status, away.json().code]).toEqual([503, 'unavailable'])
      expect(Object.keys((await other.ask('GET /health/ready', { key: undefined })).json().missing)).toEqual(['temporal'])
      expect((await world.ask('POST /api/v1/training-runs', request)).status).toBe(202)
    } finally {
      await other.close()
    }
  })

  test('a store that hangs is away, and ready says how long it was asked', async () => {
    const hanging = { ...world.deps.objects, health: () => new Promise<never>(() => {}) } as typeof world.deps.objects
    const other = await apiWorld({ objects: hanging })
    try {
      const ready = await other.ask('GET /health/ready', { key: undefined })
      expect([ready.status, ready.json().missing]).toEqual([503, { objectStore: 'no answer within 2 s' }])
    } finally {
      await other.close()
    }
  })

  test('all here: ready', async () => {
    const ready = await world.ask('GET /health/ready', { key: undefined })
    expect([ready.status, ready.json()]).toEqual([200, { ready: true, missing: {} }])
  })
})
