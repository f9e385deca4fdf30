import { DatabaseError } from 'pg'

/** Whether a statement failed because `index` already holds such a row; drizzle wraps the driver's error. */
export function isUniqueViolation(error: unknown, index: string): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return cause instanceof DatabaseError && cause.code === '23505' && cause.constraint === index
}
