/** The report of one training run: what was asked, how it was fitted, how it was judged, who decided, and from which bytes. */
import type { TrainingRun } from '#contracts/training.ts'
import { moment } from './figures.ts'
import { html } from './html.ts'
import { factList, renderPage, type Section } from './page.ts'
import { table } from './table.ts'
import { fitSections } from './training-run/fit.ts'
import { judgementSections } from './training-run/judgement.ts'
import type { TrainingRunStory } from './training-run/story.ts'

/** A self-contained page. Equal stories are equal bytes. */
export function trainingRunReport(story: TrainingRunStory): string {
  const { run, version } = story
  return renderPage({
    title: `Training run of ${version === null ? run.modelName : `${run.modelName}@${version.version}`}`,
    lead: leadOf(run),
    facts: {
      run: html`<code>${run.id}</code>`,
      state: run.state.replaceAll('_', ' '),
      stage: version?.stage ?? null,
      'asked for by': run.requestedBy,
      started: moment(run.startedAt),
      ended: moment(run.endedAt),
      paused: run.pausedSeconds > 0 ? `${run.pausedSeconds.toFixed(1)} s` : null,
      failure: run.failure,
    },
    sections: [asked(story), ...judgementSections(story), ...fitSections(story), decided(story), lineage(story)],
  })
}

function leadOf({ evaluation, state, recipe }: TrainingRun): string {
  if (evaluation !== null) return `The registration gate: ${evaluation.gate.reason}.`
  if (recipe.segments.test === undefined)
    return 'It was fitted without a test segment: the supervisor of its endpoint judges it in shadow, on sessions after the fit.'
  return `It has not been judged: it is ${state.replaceAll('_', ' ')}.`
}

function asked({ run: { recipe, asOf }, snapshot }: TrainingRunStory): Section {
  const { train, earlyStopping, test } = recipe.segments
  const range = ({ from, to }: { from: string; to: string }) => `${from} to ${to}`
  return {
    title: 'What was asked',
    body: [
      factList({
        model: recipe.model,
        label: html`<code>${recipe.label.expression}</code>, ${recipe.label.kind}`,
        persistence: recipe.label.persistence === undefined ? null : html`<code>${recipe.label.persistence}</code>`,
        features: recipe.featureSet,
        dataset: recipe.dataset,
        universe: recipe.universe ?? 'all symbols',
        bars:
          snapshot === null
            ? null
            : `${snapshot.rows} of ${snapshot.symbols} symbols, ${snapshot.firstSession} to ${snapshot.lastSession}; when each became known is ${snapshot.knownAtBasis}`,
        'as known at': moment(asOf),
        'training rows': range(train),
        'early stopping': range(earlyStopping),
        test: test === undefined ? 'none: judged in shadow' : range(test),
        'starts from': recipe.startFrom === 'linear' ? 'the linear baseline' : 'the mean label',
        rounds: `at most ${recipe.maxRounds}, patience ${recipe.patience}, blocks of ${recipe.blockRounds}`,
        seed: recipe.seed,
        threads: recipe.threads,
        'missing values': recipe.missing === 'accept' ? 'accepted' : 'refused',
        processors: recipe.processors?.map(({ kind }) => kind).join(', ') ?? null,
      }),
      recipe.model === 'persistence'
        ? null
        : table('Parameters', Object.entries(recipe.params), [
            { title: 'parameter', value: ([name]) => html`<code>${name}</code>` },
            { title: 'value', value: ([, value]) => value, right: true },
          ]),
    ],
  }
}

function decided({ audit }: TrainingRunStory): Section {
  return {
    title: 'Who decided',
    body: [
      audit.length === 0
        ? html`<p>Nobody has decided anything on this run.</p>`
        : table('From the audit, oldest first', audit, [
            { title: 'when', value: ({ at }) => moment(at) },
            { title: 'who', value: ({ by }) => by },
            { title: 'what', value: ({ action }) => action },
            { title: 'on', value: ({ subject }) => subject },
            { title: 'why', value: ({ detail }) => (typeof detail.reason === 'string' ? detail.reason : null) },
          ]),
    ],
  }
}

function lineage({ run, snapshot, version, fit }: TrainingRunStory): Section {
  const hash = (value: string | null | undefined) => (value === null || value === undefined ? null : html`<code>${value}</code>`)
  return {
    title: 'From which bytes',
    body: [
      html`<p>Each is the SHA-256 of the content that it names; <code>quantloop trace</code> reads and hashes all of it again.</p>`,
      factList({
        snapshot: hash(run.snapshotId),
        'snapshot manifest': hash(snapshot?.manifest.sha256),
        'feature build': hash(run.buildId),
        'feature columns': hash(fit?.featureHash),
        'model.onnx': hash(run.onnxSha256),
        'model.json': hash(version?.sidecar.sha256),
        libraries:
          fit === null
            ? null
            : Object.entries(fit.libraries)
                .map(([name, release]) => `${name} ${release}`)
                .join(', '),
      }),
    ],
  }
}
