/** The demo's whole story on one page: what was done, what the monitors saw, what was decided and on which evidence. */
import type { Trace } from '#contracts/predictions.ts'
import { drivenSections } from './demo/deployments.ts'
import { evidenceSections } from './demo/evidence.ts'
import { type DemoStory, versionName } from './demo/story.ts'
import { watchedSections } from './demo/watched.ts'
import { figure } from './figures.ts'
import { html } from './html.ts'
import { factList, renderPage, type Section } from './page.ts'
import { table } from './table.ts'

/** A self-contained page. Equal stories are equal bytes. */
export function demoReport(story: DemoStory): string {
  const { replay, snapshot, alerts, retrains } = story
  return renderPage({
    title: 'A model, watched through the autumn of 2008',
    lead: `${replay.sessions} real sessions of four stocks, ${replay.from} to ${replay.to}, were replayed one by one. Nobody intervened until the rollback at the end.`,
    facts: {
      endpoint: story.endpoint,
      bars: `${snapshot.rows} of ${snapshot.symbols} symbols before the replay; real, released at a fast pace`,
      'a session': `${replay.meanSeconds.toFixed(2)} s on average, ${replay.slowestSeconds.toFixed(2)} s at most, from asking for it to answers that know it`,
      'live predictions': replay.predictions,
      alerts: alerts.length,
      challengers:
        retrains.length === 0 ? 'none' : retrains.map(({ session, verdict, state }) => `${session}: ${verdict ?? state}`).join('; '),
      promotion: story.promotion.deploymentId === null ? `none: ${story.promotion.reason ?? ''}` : 'by the policy',
      rollback: `${story.rollback.milliseconds} ms from the command to the last old answer`,
    },
    sections: [caution, gates(story), ...watchedSections(story), ...evidenceSections(story), ...drivenSections(story), traced(story.trace)],
  })
}

const caution: Section = {
  title: 'How to read this',
  body: [
    html`<div class="caution">
      <p>
        The scenario was chosen after looking at the data: these stocks, this label and this autumn were known to give a story. Nothing was
        tuned to give these verdicts, and they are whatever the data says; but they are one story, not evidence about markets.
      </p>
      <p>
        Persistence, the mean range of the last five sessions, adapts by itself and is hard to beat when the market moves; the charts show
        it beside every model. A model that is trained on more years forgets less, and decays less in this crash.
      </p>
    </div>`,
  ],
}

function gates({ champion, refused }: DemoStory): Section {
  return {
    title: 'Two labels, one gate',
    body: [
      html`<p>
        Tomorrow’s range can be forecast a little, tomorrow’s return cannot. Both went through the same pipeline, and the registration gate
        told them apart on a test segment that each run opened once.
      </p>`,
      table(
        'The registration gate',
        [champion, refused],
        [
          {
            title: 'model',
            value: ({ modelName, modelVersion }) =>
              modelVersion === null ? modelName : versionName({ name: modelName, version: modelVersion }),
          },
          { title: 'label', value: ({ recipe }) => html`<code>${recipe.label.expression}</code>` },
          { title: 'squared error', value: ({ evaluation }) => figure(evaluation?.candidate.meanSquaredError), right: true },
          { title: 'persistence', value: ({ evaluation }) => figure(evaluation?.baselines.persistence.meanSquaredError), right: true },
          { title: 'verdict', value: ({ evaluation }) => evaluation?.gate.reason ?? null },
        ],
      ),
    ],
  }
}

function traced({ links, model, symbol, session, bars, recordedValue, recomputedValue, verified, predictionId }: Trace): Section {
  return {
    title: 'One answer, followed back to its bars',
    body: [
      factList({
        prediction: html`<code>${predictionId}</code>`,
        version: versionName(model),
        of: symbol === null || session === null ? null : `${symbol} at ${session}`,
        bars: bars === null ? null : `${bars.rows}, ${bars.firstSession} to ${bars.lastSession}`,
        'value, as answered': recordedValue,
        'value, computed again': recomputedValue,
        holds: verified ? 'every hash and the value' : 'no',
      }),
      html`<details>
        <summary>${links.length} objects, each read from the store and hashed again</summary>
        ${table('Each object was read from the store and hashed again', links, [
          { title: 'what', value: ({ what }) => what.replaceAll('-', ' ') },
          { title: 'name', value: ({ name }) => html`<code>${name}</code>` },
          { title: 'SHA-256', value: ({ actualSha256 }) => html`<code>${actualSha256}</code>` },
          { title: 'as recorded', value: ({ matches }) => (matches ? 'yes' : 'no') },
        ])}
      </details>`,
    ],
  }
}
