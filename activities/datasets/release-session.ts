import type { PriceJump } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { BarIntake } from '#domain/market/bar-intake.ts'
import { type BarColumns, joinBars } from '#domain/market/bars.ts'
import { inGroups } from '#domain/market/chunk-layout.ts'
import { deriveActions } from '#domain/market/derive-actions.ts'
import { compareText } from '#domain/market/actions.ts'
import { latestSessionAt } from '#domain/market/session-days.ts'
import { carryApprovals, findPriceJumps } from '#domain/market/price-jumps.ts'
import { groupBy } from '#domain/group-by.ts'
import { openSnapshot, type SnapshotReader } from '../snapshots/open-snapshot.ts'
import { writeChunks } from '../snapshots/write-chunks.ts'
import { describeSymbol, writeSnapshot } from '../snapshots/write-snapshot.ts'
import { clearJumps } from './compose-snapshot.ts'
import { inOrder } from './examine-bars.ts'
import type { ImportWorld } from './import-bars.ts'
import { assertSameSymbols, nextRelease, replayedSymbols } from './next-release.ts'
import { asText, Quarantine } from './quarantine.ts'
import { openReplaySource, type ReplayConfig, type ReplaySource } from './replay-source.ts'

export type Release = { syncId: string; dataset: string; config: ReplayConfig; head: ObjectRef | null; asOf: string; approved: boolean }

/** `manifest` is the head's own when nothing was released; `rows`, `symbols` and `quarantined` are of the one session. */
export type Released = { manifest: ObjectRef; jumps: PriceJump[]; rows: number; symbols: number; quarantined: number }

/**
 * Puts the one session after the head onto the head's bars: the same snapshot as an import through that session. Actions
 * and moves are derived from all bars again, for a vendor's later digits may tell more of the earlier ones.
 *
 * @throws QuantloopError conflict without a head or with other symbols | invalid_request | source_malformed | source_empty
 */
export async function releaseSession(world: ImportWorld, release: Release, cancelled: AbortSignal): Promise<Released> {
  const { dataset, config, head: ref } = release
  if (ref === null)
    throw new QuantloopError(
      'conflict',
      `${dataset} has no snapshot for a replay to go on from: make one first, with \`quantloop data sync ${dataset} --connector ${config.source} --through SESSION\``,
      { dataset },
    )
  const head = await openSnapshot(world.objects, ref)
  const symbols = replayedSymbols(config, head.manifest)
  const source = await openReplaySource(config, symbols, world)
  assertSameSymbols(head.manifest, symbols, source)
  const session = nextRelease(source, head.manifest, config.through)
  if (session === undefined) return { manifest: ref, jumps: head.manifest.clearedJumps, rows: 0, symbols: 0, quarantined: 0 }

  const { bars: added, quarantined } = await takeIn(world, source, session, release)
  cancelled.throwIfAborted()
  const bars = await appended(head, added)
  const actions = bars.flatMap(deriveActions)
  const actionsOf = groupBy(actions, ({ symbol }) => symbol)
  const found = bars.flatMap((symbol) => findPriceJumps(symbol, actionsOf.get(symbol.symbol) ?? []))
  const jumps = inOrder(carryApprovals(found, head.manifest.clearedJumps))
  const { knownAtBasis } = source
  const manifest = await writeSnapshot(world.objects, {
    symbols: bars.map((symbol) => describeSymbol(symbol, actionsOf.get(symbol.symbol) ?? [], knownAtBasis)),
    chunks: await writeChunks(world.objects, inGroups(bars), { lastSession: session, earlier: head, cancelled }),
    knownAtBasis,
    lastSession: session,
    actions,
    clearedJumps: clearJumps(jumps, release.approved),
    beside: head.manifest.beside,
  })
  return { manifest, jumps, rows: added.length, symbols: added.length, quarantined }
}

/** The session's bars that can be trusted; the others are quarantined, each with its line. */
async function takeIn({ db }: ImportWorld, source: ReplaySource, session: string, { syncId, asOf }: Release) {
  const quarantine = new Quarantine(db, syncId, source)
  const intake = new BarIntake(latestSessionAt(asOf))
  for (const { line, raw, row } of source.rowsOf(session)) {
    const reason = 'reason' in row ? row.reason : intake.offer(row, line)
    if (reason !== undefined) await quarantine.add({ line, raw, reason, bar: row })
  }
  for (const { line, reason, bar } of intake.contradicted()) await quarantine.add({ line, reason, bar, raw: asText(bar) })
  await quarantine.flush()
  const bars = intake.bars()
  if (bars.length === 0)
    throw new QuantloopError('source_malformed', `no row of ${session} in ${source.file} can be used, first ${quarantine.firstReason}`, {
      file: source.file,
      session,
    })
  return { bars, quarantined: quarantine.count }
}

/** The head's bars with those of the session behind them, by symbol. */
async function appended(head: SnapshotReader, added: readonly BarColumns[]): Promise<BarColumns[]> {
  const bySymbol = new Map(added.map((bars) => [bars.symbol, bars]))
  const bars: BarColumns[] = []
  for (const { symbol } of head.manifest.symbols) {
    const [before, after] = [await head.bars(symbol), bySymbol.get(symbol)]
    bars.push(after === undefined ? before : joinBars(before, after))
    bySymbol.delete(symbol)
  }
  return [...bars, ...bySymbol.values()].sort((a, b) => compareText(a.symbol, b.symbol))
}
