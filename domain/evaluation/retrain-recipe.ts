/**
 * The recipe of a challenger: the champion's, on data up to a session. Nothing else changes, the seed included, so that
 * what differs is what the newer data taught.
 */
import { DomainError } from '../domain-error.ts'
import type { Segments } from './segments.ts'

/** `expanding` keeps the recipe's first session, `rolling` its number of sessions. */
export type RetrainingWindow = { window: 'expanding' | 'rolling'; earlyStoppingShare: number }

/**
 * `sessions` is the build's calendar, ascending. The last share of the window's sessions stops early; there is no test
 * segment, so labels end by `through` (the trainer purges both borders by the label's reach).
 * @throws DomainError segment_empty, when the window is shorter than two sessions
 */
export function retrainRecipe<R extends { segments: Segments }>(
  recipe: R,
  { sessions, through, policy }: { sessions: readonly string[]; through: string; policy: RetrainingWindow },
): R {
  const fitted = windowOf(recipe.segments, sessions, through, policy.window)
  if (fitted.length < 2)
    throw new DomainError(
      'segment_empty',
      `a fit through ${through} needs two sessions at least, but the build has ${fitted.length} of them from ${recipe.segments.train.from}: sync more data`,
      { segment: 'train', through },
    )
  const held = Math.min(fitted.length - 1, Math.max(1, Math.round(policy.earlyStoppingShare * fitted.length)))
  const border = fitted.length - held
  return {
    ...recipe,
    segments: {
      train: { from: fitted[0]!, to: fitted[border - 1]! },
      earlyStopping: { from: fitted[border]!, to: fitted.at(-1)! },
    },
  }
}

/** The sessions to fit on. A rolling window that the calendar cannot fill begins with the calendar. */
function windowOf(
  { train, earlyStopping }: Segments,
  sessions: readonly string[],
  through: string,
  window: RetrainingWindow['window'],
): readonly string[] {
  const known = sessions.filter((session) => session <= through)
  switch (window) {
    case 'expanding':
      return known.filter((session) => session >= train.from)
    case 'rolling': {
      const length = sessions.filter((session) => session >= train.from && session <= earlyStopping.to).length
      return known.slice(Math.max(0, known.length - length))
    }
    default:
      return window satisfies never
  }
}
