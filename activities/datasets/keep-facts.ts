import type { BesideBars } from '#contracts/datasets.ts'
import { compareText } from '#domain/market/actions.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import type { SourceFacts } from './connector.ts'

/** Puts what a source says beside its bars and actions into the store, as the manifest refers to it. */
export async function keepFacts(objects: ObjectStore, { calendar, universes = [], asFound }: SourceFacts): Promise<BesideBars> {
  return {
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
}
