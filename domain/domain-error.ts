/** What a rule of the domain refuses. `code` is one of contracts/errors.ts, which turns it into a QuantloopError. */
export type DomainErrorCode =
  | 'source_malformed'
  | 'recipe_invalid'
  | 'segment_empty'
  | 'expression_invalid'
  | 'feature_column_absent'
  | 'not_found'

export class DomainError extends Error {
  override readonly name: string = 'DomainError'
  readonly code: DomainErrorCode
  readonly place: Record<string, string | number>

  constructor(code: DomainErrorCode, message: string, place: Record<string, string | number> = {}) {
    super(message)
    this.code = code
    this.place = place
  }
}
