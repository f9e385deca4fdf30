/**
 * Does `work` for each item, up to `most` at a time, and answers in the order of the items. Memory: what `most` results
 * take. The first failure is thrown in its turn; later items are not begun.
 */
export async function* ahead<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  most: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const begun: Promise<Result>[] = []
  try {
    for await (const item of items) {
      const result = work(item)
      // a failure is told in its turn, and is not unhandled until then
      result.catch(() => {})
      begun.push(result)
      if (begun.length >= most) yield await begun.shift()!
    }
    while (begun.length > 0) yield await begun.shift()!
  } finally {
    await Promise.allSettled(begun)
  }
}
