/**
 * What two lists of corporate actions say differently. An action is known by its symbol, ex-date and kind: with another
 * size, or another basis, it has changed. Where one side lists several of the same kind on one day, they are matched in the
 * order of their sizes. Cost: sorting.
 */
import { compareActions, type CorporateAction } from './actions.ts'

export type ActionDifferences = {
  added: CorporateAction[]
  removed: CorporateAction[]
  changed: { before: CorporateAction; after: CorporateAction }[]
}

export function compareActionLists(before: readonly CorporateAction[], after: readonly CorporateAction[]): ActionDifferences {
  const found: ActionDifferences = { added: [], removed: [], changed: [] }
  const [old, now] = [inOrder(before), inOrder(after)]
  for (const key of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    const [left, right] = [old.get(key) ?? [], now.get(key) ?? []]
    const unmatched = { left: without(left, right), right: without(right, left) }
    const pairs = Math.min(unmatched.left.length, unmatched.right.length)
    for (let pair = 0; pair < pairs; pair++) found.changed.push({ before: unmatched.left[pair]!, after: unmatched.right[pair]! })
    found.removed.push(...unmatched.left.slice(pairs))
    found.added.push(...unmatched.right.slice(pairs))
  }
  return found
}

function inOrder(actions: readonly CorporateAction[]): Map<string, CorporateAction[]> {
  const byKey = new Map<string, CorporateAction[]>()
  for (const action of [...actions].sort(compareActions)) {
    const key = `${action.symbol} ${action.exDate} ${action.kind}`
    byKey.set(key, [...(byKey.get(key) ?? []), action])
  }
  return byKey
}

/** Those of one list that have no equal in the other. */
function without(all: readonly CorporateAction[], others: readonly CorporateAction[]): CorporateAction[] {
  const left = [...others]
  return all.filter((action) => {
    const equal = left.findIndex((other) => compareActions(action, other) === 0 && action.basis === other.basis)
    if (equal !== -1) left.splice(equal, 1)
    return equal === -1
  })
}
