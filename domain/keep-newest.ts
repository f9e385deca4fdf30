import { RecentlyUsed } from './recently-used.ts'

/**
 * Remembers the `bound` values that were asked for last, by a key that names their content, so that nothing goes stale.
 * Those who ask for one at the same time share its making; a failure is not remembered.
 */
export function keepNewest<T>(bound: number): (key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new RecentlyUsed<Promise<T>>(bound)
  return (key, make) => {
    const value = kept.of(key, make)
    value.catch(() => kept.get(key) === value && kept.delete(key))
    return value
  }
}
