import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { ActivityFailure, ApplicationFailure } from '@temporalio/common'
import {
  isGrpcServiceError,
  ServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import type { ZodError } from 'zod'
import { asQuantloopError, type ErrorCode, type ErrorPlace, httpStatusOf, isErrorCode, QuantloopError } from '#contracts/errors.ts'
import type { Problem } from '#contracts/problems.ts'
import { issuesOf } from '#contracts/validation-issues.ts'
import type { AppDependencies, AppEnv } from './dependencies.ts'

type Issues = NonNullable<Problem['issues']>

/** An RFC 9457 answer. `title` is the code in words; `detail` says what was wrong and what to do. */
export function problemResponse(c: Context, error: QuantloopError, issues?: Issues): Response {
  const status = httpStatusOf[error.code]
  const body: Problem = {
    type: `urn:quantloop:problem:${error.code}`,
    title: error.code.replaceAll('_', ' '),
    status,
    detail: error.message,
    code: error.code,
    instance: c.req.path,
    ...(Object.keys(error.place).length === 0 ? {} : { place: error.place }),
    ...(issues === undefined ? {} : { issues }),
  }
  const headers = new Headers({ 'content-type': 'application/problem+json' })
  if (error.code === 'unauthenticated') headers.set('www-authenticate', 'Bearer realm="quantloop"')
  if (error.code === 'method_not_allowed' && error.place.allow !== undefined) headers.set('allow', String(error.place.allow))
  if (error.code === 'rate_limited' && error.place.retryAfterSeconds !== undefined)
    headers.set('retry-after', String(error.place.retryAfterSeconds))
  return new Response(JSON.stringify(body), { status, headers })
}

/** The one hook for validation: every issue with its path, unknown fields among them. */
export function refuseInvalid(result: { target: string; success: boolean; error?: ZodError }, c: Context): Response | undefined {
  if (result.success || !result.error) return undefined
  const issues = issuesOf(result.error).map(({ path, message }) => ({
    path: [result.target === 'json' ? 'body' : result.target, ...path].join('.'),
    message,
  }))
  const detail = issues.map(({ path, message }) => `${path}: ${message}`).join('; ')
  return problemResponse(c, new QuantloopError('invalid_request', detail.slice(0, 2000)), issues)
}

export const refuseError =
  ({ log }: Pick<AppDependencies, 'log'>) =>
  (error: Error, c: Context<AppEnv>): Response => {
    const known = explain(error)
    if (httpStatusOf[known.code] >= 500)
      log[known.code === 'unavailable' ? 'warn' : 'error']({ err: error, path: c.req.path }, known.message)
    return problemResponse(c, known)
  }

/** What any thrown thing means to the caller. What we do not know is `internal`, and its text stays in the log. */
export function explain(error: unknown): QuantloopError {
  return (
    asQuantloopError(error) ??
    explainHttp(error) ??
    explainTemporal(error) ??
    explainDatabase(error) ??
    new QuantloopError('internal', 'something failed on our side; the log of the API says what', {}, { cause: error })
  )
}

const codeOfHttp: Record<number, ErrorCode> = { 400: 'malformed_request', 413: 'body_too_large', 415: 'unsupported_media_type' }

function explainHttp(error: unknown): QuantloopError | undefined {
  if (!(error instanceof HTTPException)) return undefined
  const code = codeOfHttp[error.status]
  if (code === 'unsupported_media_type') return new QuantloopError(code, 'send the body as application/json')
  return code && new QuantloopError(code, error.message)
}

function explainTemporal(error: unknown): QuantloopError | undefined {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return new QuantloopError(
      'unavailable',
      'no worker has taken the command yet: repeat it with the same Idempotency-Key',
      {},
      { cause: error },
    )
  if (error instanceof WorkflowNotFoundError) return new QuantloopError('not_found', error.message, {}, { cause: error })
  if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError) return explainFailure(error.cause)
  const cause = error instanceof ServiceError ? error.cause : error
  if (error instanceof ServiceError || isGrpcServiceError(error)) {
    const deadline = isGrpcServiceError(cause) && cause.code === grpcDeadlineExceeded
    if (deadline || !isGrpcServiceError(cause) || awayCodes.has(cause.code))
      return new QuantloopError('unavailable', 'Temporal does not answer: try again, with the same Idempotency-Key', {}, { cause: error })
  }
  return undefined
}

/** gRPC: 1 cancelled, 4 deadline exceeded, 8 resource exhausted, 14 unavailable */
const grpcDeadlineExceeded = 4
const awayCodes: ReadonlySet<number> = new Set([1, grpcDeadlineExceeded, 8, 14])

/** A workflow refuses by an ApplicationFailure whose type is one of our codes. */
function explainFailure(cause: Error | undefined): QuantloopError | undefined {
  const failure = cause instanceof ActivityFailure ? cause.cause : cause
  if (!(failure instanceof ApplicationFailure) || !isErrorCode(failure.type)) return undefined
  return new QuantloopError(failure.type, failure.message, placeOf(failure.details?.[0]), { cause: failure })
}

function placeOf(detail: unknown): ErrorPlace {
  if (typeof detail !== 'object' || detail === null) return {}
  return Object.fromEntries(Object.entries(detail).filter(([, value]) => typeof value === 'string' || typeof value === 'number'))
}

/** SQLSTATE class 22: a value that PostgreSQL cannot take; 08 and 57P: it is going away; 53: it has no room. */
function explainDatabase(error: unknown): QuantloopError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
    if (/^22...$/.test(code))
      return new QuantloopError('invalid_request', `PostgreSQL refuses a value of the request: ${cause.message}`, {}, { cause: error })
    if (
      /^(08...|53...|57P..)$/.test(code) ||
      /^E(CONN|TIMEDOUT|PIPE|HOST)/.test(code) ||
      /^Connection terminated|timeout exceeded when trying to connect/.test(cause.message)
    )
      return new QuantloopError('unavailable', 'PostgreSQL does not answer: try again, with the same Idempotency-Key', {}, { cause: error })
  }
  return undefined
}
