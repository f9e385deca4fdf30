import { QuantloopError } from '#contracts/errors.ts'

/** @throws QuantloopError not_found when a look-up found nothing */
export function found<T>(value: T | undefined, what: string, name: string): T {
  if (value === undefined) throw new QuantloopError('not_found', `there is no ${what} ${name}`, { [what.replaceAll(' ', '-')]: name })
  return value
}
