/** What options of several commands have in common. A value that cannot be meant is wrong use: exit code 2. */
import { type Command, InvalidArgumentError } from 'commander'
import type { z } from 'zod'
import { UniverseName } from '#contracts/datasets.ts'
import { SnapshotReference } from '#contracts/snapshots.ts'
import { Session, SessionRange, SpeltTicker, Timestamp } from '#contracts/words.ts'
import type { Paging } from './client.ts'

/** An option's text as a schema reads it. */
export const as =
  <T>(schema: z.ZodType<T>) =>
  (text: string): T => {
    const value = schema.safeParse(text)
    if (!value.success) throw new InvalidArgumentError(value.error.issues.map(({ message }) => message).join('; '))
    return value.data
  }

export const session = as(Session)

export const universeName = as(UniverseName)

export const snapshotReference = as(SnapshotReference)

/** `2003-01-02:2006-12-29` */
export function sessionRange(text: string): SessionRange {
  const [from, to, ...rest] = text.split(':')
  if (rest.length > 0) throw new InvalidArgumentError('a range is FROM:TO, as in 2003-01-02:2006-12-29')
  const range = SessionRange.safeParse({ from, to })
  if (!range.success) throw new InvalidArgumentError('a range is FROM:TO, as in 2003-01-02:2006-12-29, FROM not after TO')
  return range.data
}

/** `2008-06-02T14:00:00Z`, or `2008-06-02` for the end of that day in UTC. */
export const timeOf = (text: string): string => (/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${session(text)}T23:59:59.999Z` : as(Timestamp)(text))

/** `AAPL,BRK-B`, each as all spell it. */
export const tickers = (text: string): string[] => text.split(',').map((symbol) => as(SpeltTicker)(symbol))

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number')
  return Number(text)
}

/** `range-lightgbm@3` */
export function modelVersion(text: string): { name: string; version: number } {
  const [, name, version] = /^([a-z][a-z0-9-]{0,62})@([1-9]\d{0,8})$/.exec(text) ?? []
  if (name === undefined || version === undefined) throw new InvalidArgumentError('a model version is NAME@NUMBER, as in range-lightgbm@3')
  return { name, version: Number(version) }
}

export const paged = (command: Command): Command =>
  command.option('--limit <n>', 'how many to show', wholeNumber).option('--after <cursor>', 'where the page before ended')

export const pagingOf = ({ limit, after }: Paging): Paging => ({ limit, after })
