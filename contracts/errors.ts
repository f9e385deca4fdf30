import { DomainError } from '#domain/domain-error.ts'
import { printable } from '#domain/printable.ts'

/**
 * The closed list of error codes and the total map from code to HTTP status: a new code does not compile until it is
 * mapped. At an activity's edge a code becomes the type of a non-retryable ApplicationFailure. Free of zod, so that
 * workflows may import it as a value.
 */
export const httpStatusOf = {
  // who is asking
  unauthenticated: 401,
  forbidden: 403,
  rate_limited: 429,
  // what was asked
  malformed_request: 400,
  invalid_request: 422,
  body_too_large: 413,
  unsupported_media_type: 415,
  method_not_allowed: 405,
  not_found: 404,
  idempotency_key_reused: 422,
  already_exists: 409,
  // a command that came too late, or to the wrong state
  already_decided: 409,
  run_closed: 409,
  run_stopped: 409,
  nothing_to_decide: 409,
  nothing_to_roll_back: 409,
  conflict: 409,
  // data
  source_unavailable: 502,
  source_empty: 422,
  source_malformed: 422,
  snapshot_not_found: 404,
  object_missing: 500,
  content_collected: 409,
  object_corrupt: 500,
  // features
  expression_invalid: 422,
  feature_column_absent: 422,
  feature_not_finite: 422,
  // training
  recipe_invalid: 422,
  segment_empty: 422,
  training_failed: 500,
  artifact_invalid: 422,
  parity_failed: 422,
  gate_refused: 422,
  // serving
  endpoint_not_found: 404,
  endpoint_not_ready: 503,
  feature_row_missing: 422,
  feature_row_of_another_session: 409,
  input_invalid: 422,
  output_not_finite: 500,
  prediction_log_full: 503,
  incompatible_version: 422,
  // outside the request
  configuration_invalid: 500,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<string, number>

export type ErrorCode = keyof typeof httpStatusOf

export const isErrorCode = (value: unknown): value is ErrorCode => typeof value === 'string' && Object.hasOwn(httpStatusOf, value)

/** Where the fault lies, as far as it is known: a file and line, a symbol and session, a field. */
export type ErrorPlace = Record<string, string | number>

/** An error that a person can act on: what was wrong, with which value, where, and what to do. What it quotes can be stored and shown. */
export class QuantloopError extends Error {
  override readonly name = 'QuantloopError'
  readonly code: ErrorCode
  readonly place: ErrorPlace

  constructor(code: ErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(printable(message), options)
    this.code = code
    this.place = Object.fromEntries(
      Object.entries(place).map(([name, value]) => [name, typeof value === 'string' ? printable(value) : value]),
    )
  }
}

/** An error that a person can act on, whether a room or a rule of the domain raised it; undefined for any other. */
export function asQuantloopError(error: unknown): QuantloopError | undefined {
  if (error instanceof QuantloopError) return error
  if (error instanceof DomainError) return new QuantloopError(error.code, error.message, error.place, { cause: error })
  return undefined
}
