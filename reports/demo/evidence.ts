/** Each challenger with its looks: the figures that the verdict rests on, beside those of persistence. */
import { decimals } from '../figures.ts'
import { html } from '../html.ts'
import { factList, type Section } from '../page.ts'
import { table } from '../table.ts'
import { type DemoStory, versionName } from './story.ts'

export function evidenceSections({ retrains }: DemoStory): Section[] {
  if (retrains.length === 0)
    return [{ title: 'Challengers', body: [html`<p>No alarm called for a retrain, so no challenger was trained.</p>`] }]
  return retrains.map(({ session, trigger, champion, challenger, looks, verdict, state, reason, runId, requestedBy }) => ({
    title: `The challenger of ${session}`,
    body: [
      factList({
        verdict: verdict ?? `none yet (${state.replaceAll('-', ' ')})`,
        why: reason,
        'called for by': `${trigger.replaceAll('-', ' ')}, ${requestedBy}`,
        champion: versionName(champion),
        challenger: challenger === null ? 'not fitted' : versionName(challenger),
        run: html`<code>${runId}</code>`,
      }),
      looks.length === 0
        ? html`<p>It was never looked at: too few sessions came after it.</p>`
        : table('Looks: a day-clustered t of its gain over the champion, against an O’Brien–Fleming boundary', looks, [
            { title: 'sessions', value: (look) => look.sessions, right: true },
            { title: 'through', value: ({ through }) => through },
            { title: 'challenger', value: ({ challengerLoss }) => decimals(challengerLoss), right: true },
            { title: 'champion', value: ({ championLoss }) => decimals(championLoss), right: true },
            { title: 'persistence', value: ({ persistenceLoss }) => decimals(persistenceLoss), right: true },
            { title: 'gain', value: ({ gain }) => decimals(gain), right: true },
            { title: 't', value: ({ t }) => decimals(t, 2), right: true },
            { title: 'z', value: ({ z }) => decimals(z, 2), right: true },
            { title: 'boundary', value: ({ boundary }) => decimals(boundary, 2), right: true },
            { title: 'verdict', value: (look) => look.verdict },
          ]),
    ],
  }))
}
