/** Who is in a snapshot: its symbols and what became of them, its universes and their members on a session. */
import { z } from '@hono/zod-openapi'
import { type SnapshotManifest, UniverseName } from '#contracts/datasets.ts'
import { ListingStatus, type SymbolListing, type UniverseSummary } from '#contracts/listings.ts'
import { page } from '#contracts/problems.ts'
import { SnapshotReference } from '#contracts/snapshots.ts'
import { Name, Session } from '#contracts/words.ts'
import { decodeCursor, pageOf } from '#db/queries/cursor.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { compareText } from '#domain/market/actions.ts'
import { listingEnds, symbolStatus } from '#domain/market/listings.ts'
import { Membership } from '#domain/market/membership.ts'
import { type Universe, universeNamed } from '#domain/market/universe.ts'
import { readManifest, readUniverses } from '#storage/snapshot-manifest.ts'
import type { Api, AppDependencies } from '../dependencies.ts'
import { found } from '../found.ts'
import { answers, listing, notFound, operation } from '../operation.ts'
import { schemas } from '../schemas.ts'
import { snapshotFor } from '../snapshot-for.ts'

const tags = ['snapshots']
const byReference = z.strictObject({ name: Name, snapshot: SnapshotReference })
const byUniverse = z.strictObject({ name: Name, snapshot: SnapshotReference, universe: UniverseName })

const listSymbols = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/snapshots/{snapshot}/symbols',
  tags,
  summary: 'The symbols of a snapshot: listed, renamed or delisted, with the span of their bars',
  request: { params: byReference, query: listing({ status: ListingStatus.optional() }) },
  responses: { 200: answers(page(schemas.SymbolListing), 'Symbols'), ...notFound },
})

const listUniverses = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/snapshots/{snapshot}/universes',
  tags,
  summary: 'The universes beside the bars of a snapshot, by name',
  request: { params: byReference, query: listing({}) },
  responses: { 200: answers(page(schemas.UniverseSummary), 'Universes'), ...notFound },
})

const members = operation('viewer', {
  method: 'get',
  path: '/api/v1/datasets/{name}/snapshots/{snapshot}/universes/{universe}',
  tags,
  summary: 'The members of a universe on one session, and all spans of membership',
  description: 'By default on the last session of the snapshot.',
  request: { params: byUniverse, query: z.strictObject({ session: Session.optional() }) },
  responses: { 200: answers(schemas.UniverseMembers, 'The members'), ...notFound },
})

export function snapshotListings(app: Api, { db, objects }: AppDependencies): void {
  const manifestOf = async ({ name, snapshot }: z.infer<typeof byReference>) => {
    const id = await snapshotFor(db, { dataset: name, snapshotId: snapshot })
    return await readManifest(objects, found(await findSnapshot(db, id, name), 'snapshot', id).manifest)
  }

  app.openapi(listSymbols, async (c) => {
    const { status, ...query } = c.req.valid('query')
    const symbols = listingsOf(await manifestOf(c.req.valid('param')))
    const asked = status === undefined ? symbols : symbols.filter((symbol) => symbol.status === status)
    return c.json(
      inPage(asked, query, ({ symbol }) => symbol),
      200,
    )
  })

  app.openapi(listUniverses, async (c) => {
    const universes = await readUniverses(objects, (await manifestOf(c.req.valid('param'))).beside)
    return c.json(
      inPage(universes.map(summaryOf), c.req.valid('query'), ({ name }) => name),
      200,
    )
  })

  app.openapi(members, async (c) => {
    const asked = c.req.valid('param')
    const manifest = await manifestOf(asked)
    const universe = universeNamed(await readUniverses(objects, manifest.beside), asked.universe, manifest.id)
    const session = c.req.valid('query').session ?? manifest.lastSession
    const members = new Membership(universe, listingEnds(manifest.actions)).on(session)
    return c.json({ name: universe.name, session, members, spans: universe.spans }, 200)
  })
}

function listingsOf({ symbols, actions }: SnapshotManifest): SymbolListing[] {
  const ends = listingEnds(actions)
  return symbols.map(({ symbol, rows, firstSession, lastSession }) => {
    const status = symbolStatus(ends.get(symbol))
    return {
      symbol,
      status: status.kind,
      rows,
      firstSession,
      lastSession,
      on: status.kind === 'listed' ? null : status.on,
      to: status.kind === 'renamed' ? (status.to ?? null) : null,
      delistingReturn: status.kind === 'delisted' ? (status.delistingReturn ?? null) : null,
      cash: status.kind === 'delisted' ? (status.cash ?? null) : null,
    }
  })
}

const summaryOf = ({ name, spans }: Universe): UniverseSummary => ({
  name,
  symbols: new Set(spans.map(({ symbol }) => symbol)).size,
  spans: spans.length,
  from: spans.map(({ from }) => from).sort(compareText)[0] ?? null,
  to:
    spans
      .map(({ to }) => to)
      .sort(compareText)
      .at(-1) ?? null,
})

/** A page of a list that is in memory as a whole, ascending by its key. */
function inPage<Item>(
  items: readonly Item[],
  { limit, after }: { limit: number; after?: string | undefined },
  keyOf: (item: Item) => string,
) {
  const [last] = after === undefined ? [undefined] : decodeCursor(after, [''] as [string])
  const rest = items.filter((item) => last === undefined || compareText(keyOf(item), last) > 0)
  return pageOf(
    rest.slice(0, limit + 1),
    limit,
    (item) => [keyOf(item)],
    (item) => item,
  )
}
