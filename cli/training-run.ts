import type { TrainingRun } from '#contracts/training.ts'
import { duration, facts, figure, moment, short } from './output.ts'

/** A run for a person: how it stands, how it was judged, and what may be done next. */
export function describeRun(run: TrainingRun): string {
  const { evaluation } = run
  const lines = [
    facts({
      run: run.id,
      model: run.modelVersion === null ? run.modelName : `${run.modelName}@${run.modelVersion}`,
      state: run.state,
      step: run.step,
      label: run.recipe.label.expression,
      universe: run.recipe.universe ?? null,
      snapshot: short(run.snapshotId),
      'as known at': moment(run.asOf),
      build: short(run.buildId),
      rounds: run.rounds,
      'rounds executed': run.iterationsExecuted,
      'resumed from': run.resumedFromRound,
      paused: run.pausedSeconds > 0 ? duration(run.pausedSeconds) : null,
      onnx: run.onnxSha256,
      failure: run.failure,
    }),
  ]
  if (evaluation) {
    lines.push(
      facts({
        test: `${evaluation.range.from} to ${evaluation.range.to}, ${evaluation.candidate.rows} rows`,
        'squared error': figure(evaluation.candidate.meanSquaredError),
        ...Object.fromEntries(
          Object.entries(evaluation.baselines).map(([name, metrics]) => [`  ${name}`, figure(metrics.meanSquaredError)]),
        ),
        skill: figure(evaluation.candidate.skill),
        gate: `${evaluation.gate.passed ? 'passed' : 'refused'}: ${evaluation.gate.reason}`,
      }),
    )
  } else if (run.recipe.segments.test === undefined)
    lines.push(facts({ gate: 'none: this version is judged in shadow, on later sessions' }))
  if (run.state === 'awaiting_approval') lines.push(`next: quantloop runs approve ${run.id}, or reject`)
  if (run.state === 'approved' && run.modelVersion !== null)
    lines.push(`next: quantloop deploy ${run.modelName}@${run.modelVersion} --endpoint NAME`)
  return lines.join('\n')
}
