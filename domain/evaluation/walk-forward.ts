/**
 * Purged walk-forward over the sessions that a recipe was fitted on: how large its errors are on sessions after a fit,
 * learned without any session after the recipe's own (López de Prado, Advances in Financial Machine Learning, ch. 12).
 *
 * The first half of the sessions trains only; the second is cut into consecutive folds, each forecast by a fit on all
 * that came before it, with the recipe's own share of early stopping. A fit's labels end before its fold begins, and a
 * fold's labels end within the recipe's sessions.
 */
import { DomainError } from '../domain-error.ts'
import { retrainRecipe } from './retrain-recipe.ts'
import { purgedWithin, type Segments } from './segments.ts'

export const walkForwardFolds = 4

const leastSessions = 4 * walkForwardFolds

/** The fit of `recipe` ends with `trainedThrough`; `sessions` are forecast by it, ascending. */
export type Fold<R> = { recipe: R; trainedThrough: string; sessions: string[] }

/**
 * `sessions` is the build's calendar, ascending; `reach` is how many sessions ahead the label reads.
 * @throws DomainError segment_empty, when there are fewer than four sessions for each fold
 */
export function planWalkForward<R extends { segments: Segments }>(recipe: R, sessions: readonly string[], reach: number): Fold<R>[] {
  const { train, earlyStopping } = recipe.segments
  const range = { from: train.from, to: earlyStopping.to }
  const judged = purgedWithin(sessions, range, reach)
  if (judged.length < leastSessions)
    throw new DomainError(
      'segment_empty',
      `the recipe's sessions, ${range.from} to ${range.to}, are ${judged.length} with a known label: a walk-forward of ${walkForwardFolds} folds needs ${leastSessions} at least`,
      { ...range },
    )
  const within = (from: string, to: string) => sessions.filter((session) => session >= from && session <= to).length
  const policy = {
    window: 'expanding' as const,
    earlyStoppingShare: within(earlyStopping.from, earlyStopping.to) / within(range.from, range.to),
  }
  const first = Math.floor(judged.length / 2)
  const borderOf = (fold: number) => first + Math.floor((fold * (judged.length - first)) / walkForwardFolds)
  return Array.from({ length: walkForwardFolds }, (_, fold) => {
    const trainedThrough = judged[borderOf(fold) - 1]!
    return {
      recipe: retrainRecipe(recipe, { sessions, through: trainedThrough, policy }),
      trainedThrough,
      sessions: judged.slice(borderOf(fold), borderOf(fold + 1)),
    }
  })
}
