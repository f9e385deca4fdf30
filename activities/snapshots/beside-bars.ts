import { z } from 'zod'
import type { BesideBars } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { Session } from '#contracts/words.ts'
import type { ObjectStore } from '#storage/object-store.ts'

/** What of it is part of a snapshot's identity: XNYS and nothing else adds nothing. */
export function besideIdentity(beside: BesideBars | undefined): string[] {
  if (beside === undefined) return []
  const { calendar, universes, asFound } = beside
  const facts: string[] = []
  if (calendar.kind === 'own') facts.push(`sessions ${calendar.sessions.sha256}`)
  else if (calendar.name !== 'XNYS') facts.push(`calendar ${calendar.name}`)
  if (universes !== undefined) facts.push(`universes ${universes.sha256}`)
  if (asFound !== undefined) facts.push(`as-found ${asFound.index.sha256}`)
  return facts
}

/** The objects that it stands in. */
export const besideObjects = (beside: BesideBars | undefined): ObjectRef[] =>
  beside === undefined
    ? []
    : [
        ...(beside.calendar.kind === 'own' ? [beside.calendar.sessions] : []),
        ...(beside.universes === undefined ? [] : [beside.universes]),
        ...(beside.asFound === undefined ? [] : [beside.asFound.index, ...beside.asFound.parts]),
      ]

/** The sessions of a source that brought its own. @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function readOwnSessions(objects: ObjectStore, beside: BesideBars | undefined): Promise<string[] | undefined> {
  if (beside?.calendar.kind !== 'own') return undefined
  return z.array(Session).parse(JSON.parse(new TextDecoder().decode(await objects.get(beside.calendar.sessions))))
}
