import type { FeatureDefinition } from '../feature-sets/feature-set.ts'
import { parse } from '../expressions/parse.ts'
import { print } from '../expressions/print.ts'

export type SetDifference = {
  added: { name: string; expression: string }[]
  removed: { name: string; expression: string }[]
  changed: { name: string; before: string; after: string }[]
  /** the same expression under another name */
  renamed: { before: string; after: string; expression: string }[]
  same: number
}

/** What a set has that another has not. Expressions are compared, and told, in their normalised form. */
export function compareSets(before: readonly FeatureDefinition[], after: readonly FeatureDefinition[]): SetDifference {
  const [old, current] = [textsOf(before), textsOf(after)]
  const gone = [...old].filter(([name]) => !current.has(name))
  const come = [...current].filter(([name]) => !old.has(name))
  const shared = [...old].filter(([name]) => current.has(name))
  const renamed: SetDifference['renamed'] = []
  for (const [name, expression] of gone) {
    const found = come.find(([other, text]) => text === expression && !renamed.some((each) => each.after === other))
    if (found !== undefined) renamed.push({ before: name, after: found[0], expression })
  }
  const told = (side: 'before' | 'after', features: [string, string][]) =>
    features.filter(([name]) => !renamed.some((each) => each[side] === name)).map(([name, expression]) => ({ name, expression }))
  const changed = shared.filter(([name, text]) => current.get(name) !== text)
  return {
    added: told('after', come),
    removed: told('before', gone),
    changed: changed.map(([name, text]) => ({ name, before: text, after: current.get(name)! })),
    renamed,
    same: shared.length - changed.length,
  }
}

const textsOf = (features: readonly FeatureDefinition[]) =>
  new Map(features.map(({ name, expression }) => [name, print(parse(expression))]))
