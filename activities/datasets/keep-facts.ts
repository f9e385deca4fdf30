import type { BesideBars } from '#contracts/datasets.ts'
import { compareText } from '#domain/market/actions.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import type { SourceFacts } from './connector.ts'
import { putJson, type StagedBars } from './staged.ts'

/** Puts what a source says beside its bars into the store, as the steps behind the import and the manifest refer to it. */
export async function keepFacts(
  objects: ObjectStore,
  { calendar, actions, universes = [], asFound }: SourceFacts,
): Promise<Pick<StagedBars, 'given' | 'beside'>> {
  const beside: BesideBars = {
    calendar: calendar.kind === 'own' ? { kind: 'own', sessions: await putJson(objects, calendar.sessions) } : calendar,
    ...(universes.length === 0
      ? {}
      : {
          universes: await putJson(
            objects,
            [...universes].sort((a, b) => compareText(a.name, b.name)),
          ),
        }),
    ...(asFound === undefined ? {} : { asFound }),
  }
  return { beside, ...(actions === undefined ? {} : { given: await putJson(objects, actions) }) }
}
