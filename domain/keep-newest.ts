/**
 * Remembers the `bound` values that were asked for last, by a key that names their content, so that nothing goes stale.
 * Those who ask for one at the same time share its making; a failure is not remembered.
 */
export function keepNewest<T>(bound: number): (key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<T>>()
  return (key, make) => {
    const value = kept.get(key) ?? make()
    kept.delete(key)
    kept.set(key, value)
    value.catch(() => kept.get(key) === value && kept.delete(key))
    for (const oldest of kept.keys()) {
      if (kept.size <= bound) break
      kept.delete(oldest)
    }
    return value
  }
}
