/** Feature rows as files, with the real workers behind the command line; what was written is read back by pyarrow. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FeatureStatistics } from '#contracts/feature-statistics.ts'
import { dataset as datasets, featureStatistics } from '#db/schema.ts'
import { parse } from '#domain/expressions/parse.ts'
import { alpha158 } from '#domain/feature-sets/alpha158.ts'
import { computeColumns, computeFeatures } from '#domain/features/compute-features.ts'
import { resolveFeatureSet } from '#domain/features/feature-sets.ts'
import { runFeatures } from '#tests/api/worker.ts'
import { randomNumbers, walkBars } from '#tests/support/bars.ts'
import { testServices } from '#tests/support/services.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { cliWorld, type CliWorld } from './world.ts'

const bars = [walkBars('AAA', 90, 1), walkBars('BBB', 75, 2), walkBars('CCC', 2100, 3), walkBars('DDD', 120, 4), walkBars('EEE', 120, 5)]
const label = { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' } as const

let world: CliWorld
let endFeatures: () => Promise<void>
beforeAll(async () => {
  world = await cliWorld()
  endFeatures = await runFeatures(world)
  const { id } = await landSnapshot(world, 'walks', bars)
  await world.db.update(datasets).set({ headSnapshotId: id })
})
afterAll(async () => {
  await endFeatures?.()
  await world?.close()
})

/** What a script prints as JSON. */
const python = async (script: string, ...args: string[]) =>
  JSON.parse((await promisify(execFile)(testServices().python, ['-c', script, ...args], { maxBuffer: 2 ** 28 })).stdout)

const readParquet = `
import sys, json, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
column = lambda name: [None if v is None else float(v) for v in table.column(name).to_pylist()]
print(json.dumps({
  "types": {f.name: str(f.type) for f in table.schema},
  "rows": [f"{s} {d}" for s, d in zip(table.column("symbol").to_pylist(), table.column("session").to_pylist())],
  "columns": {n: column(n) for n in table.column_names[2:]},
}))`

test('a build is exported under Qlib’s names, each value as it was computed', async () => {
  const export158 = (...more: string[]) => world.run('features', 'export', 'alpha158', '--dataset', 'walks', ...more)
  const out = join(world.folder, 'alpha.parquet')
  expect(await export158('--out', out)).toMatchObject({ code: 1, err: expect.stringContaining('no build of alpha158 over walks is ready') })
  const built = await world.run('features', 'build', 'alpha158', '--dataset', 'walks', '--label', label.expression, '--json')
  expect(built.code).toBe(0)
  const { code, json } = await export158('--out', out, '--json')
  expect(code).toBe(0)
  expect(json()).toMatchObject({ file: out, rows: 2505, symbols: 5, features: 157, buildId: built.json().id })
  expect((await readdir(world.folder)).filter((name) => name.startsWith('alpha'))).toEqual(['alpha.parquet'])

  const read = await python(readParquet, out)
  const names = alpha158.features.map(({ name }) => name).filter((name) => name !== 'VWAP0')
  expect(Object.keys(read.types)).toEqual(['symbol', 'session', ...names])
  expect(new Set(Object.values(read.types).slice(2))).toEqual(new Set(['float']))
  expect([read.types.symbol, read.types.session]).toEqual(['string', 'date32[day]'])
  expect(read.rows).toEqual(bars.flatMap(({ symbol, sessions }) => sessions.map((session) => `${symbol} ${session}`)))
  const computed = bars.map((each) => computeFeatures(resolveFeatureSet('alpha158', label), each, []))
  for (const [at, name] of names.entries())
    expect(read.columns[name], name).toEqual(
      computed.flatMap((columns) => Array.from(columns[at]!, (value) => (Number.isNaN(value) ? null : value))),
    )

  const byId = await export158('--out', out, '--build', built.json().id, '--json')
  expect(byId.json().sha256).toBe(json().sha256)
  expect(await world.run('features', 'export', 'technical', '--dataset', 'walks', '--out', out, '--build', built.json().id)).toMatchObject({
    code: 1,
    err: expect.stringContaining('is of alpha158@1 over walks, not of technical@1'),
  })
})

/** Statistics of exported rows by NumPy and pandas; labels come beside, by row. */
const describe = `
import sys, json, numpy as np, pandas as pd
frame = pd.read_parquet(sys.argv[1])
label = pd.Series(json.load(open(sys.argv[2])), dtype=float)
kind, shares = sys.argv[3], json.loads(sys.argv[4])
year = pd.to_datetime(frame.session).dt.year.astype(str)
key = frame.session.astype(str) if kind == "cross-sectional" else frame.symbol + year
number = lambda v: None if pd.isna(v) else float(v)
out = {}
for name in frame.columns[2:]:
    raw = frame[name].astype(float)
    known = raw[np.isfinite(raw)]
    counts, edges = np.histogram(known, bins=np.unique(np.quantile(known, np.linspace(0, 1, 21))))
    pair = pd.DataFrame({"x": raw.replace([np.inf, -np.inf], np.nan), "y": label, "key": key, "year": year}).dropna()
    pair = pair[pair.groupby("key").x.transform("size") >= 3]
    # Spearman's: Pearson's of ranks, for all groups at once
    ranks = pair.groupby("key")[["x", "y"]].rank()
    ranks = ranks - ranks.groupby(pair.key).transform("mean")
    sums = pd.DataFrame({"xy": ranks.x * ranks.y, "xx": ranks.x ** 2, "yy": ranks.y ** 2}).groupby(pair.key).sum()
    ics = pd.DataFrame({"ic": sums.xy / np.sqrt(sums.xx * sums.yy), "year": pair.groupby("key").year.first()}).dropna()
    out[name] = {
        "missing": int(raw.isna().sum()), "infinite": int(np.isinf(raw).sum()),
        "mean": number(known.mean()), "deviation": number(known.std()), "min": number(known.min()), "max": number(known.max()),
        "quantiles": [float(v) for v in np.quantile(known, shares)], "counts": [int(c) for c in counts], "edges": [float(e) for e in edges],
        "first": str(frame.session[np.isfinite(raw)].min()),
        "ic": number(ics.ic.mean()), "groups": len(ics),
        "years": {y: [len(g), float(g.ic.mean()), number(g.ic.std())] for y, g in ics.groupby("year")},
    }
matrix = frame.iloc[:, 2:].replace([np.inf, -np.inf], np.nan).rank().corr()
print(json.dumps({"features": out, "matrix": [[number(v) for v in row] for row in matrix.to_numpy()]}))`

test.each(['cross-sectional', 'time-series'] as const)(
  'the statistics of a build with a %s label are those of NumPy and pandas',
  async (kind) => {
    const set = ['technical', '--dataset', 'walks']
    const built = await world.run('features', 'build', ...set, '--label', label.expression, '--label-kind', kind, '--json')
    const out = join(world.folder, `${kind}.parquet`)
    await world.run('features', 'export', ...set, '--out', out)
    const labels = bars.flatMap((each) => [...computeColumns([parse(label.expression)], each, [])[0]!])
    const beside = await world.file(`${kind}.json`, JSON.stringify(labels.map((value) => (Number.isNaN(value) ? null : value))))

    const statistics = FeatureStatistics.parse((await world.run('features', 'statistics', ...set, '--json')).json())
    expect(statistics).toMatchObject({
      buildId: built.json().id,
      rows: 2505,
      symbols: 5,
      label: { kind },
      correlations: { sampledRows: 2505 },
    })
    const expected = await python(describe, out, beside, kind, JSON.stringify(statistics.quantileShares))
    expect(statistics.features.map(({ name }) => name)).toEqual(Object.keys(expected.features))
    for (const feature of statistics.features) {
      const theirs = expected.features[feature.name]
      expect([feature.missing, feature.infinite, feature.firstSession], feature.name).toEqual([
        theirs.missing,
        theirs.infinite,
        theirs.first,
      ])
      expect(feature.byQuantiles.counts, feature.name).toEqual(theirs.counts)
      const { counts, below, above } = feature.byWidth
      expect([...counts, below, above].reduce((sum, count) => sum + count, 0)).toBe(2505 - feature.missing - feature.infinite)
      const near = (ours: (number | null)[], others: (number | null)[]) => {
        expect(ours.length).toBe(others.length)
        for (const [at, value] of ours.entries())
          expect(Math.abs(value! - others[at]!), `${feature.name} ${at}`).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(others[at]!)))
      }
      near([feature.mean, feature.deviation, feature.min, feature.max], [theirs.mean, theirs.deviation, theirs.min, theirs.max])
      near(feature.quantiles, theirs.quantiles)
      near(feature.byQuantiles.edges, theirs.edges)
      const { rankIc } = feature
      expect([rankIc.groups, rankIc.years.map(({ year, groups }) => [year, groups])]).toEqual([
        theirs.groups,
        Object.entries<number[]>(theirs.years).map(([year, [groups]]) => [year, groups]),
      ])
      near(
        [rankIc.mean, ...rankIc.years.map(({ mean }) => mean)],
        [theirs.ic, ...Object.values<number[]>(theirs.years).map((each) => each[1]!)],
      )
      for (const { year, deviation } of rankIc.years) if (deviation !== null) near([deviation], [theirs.years[year][2]])
    }
    for (const [row, correlations] of statistics.correlations.matrix.entries())
      for (const [at, value] of correlations.entries()) expect(Math.abs(value! - expected.matrix[row][at])).toBeLessThanOrEqual(0.00051)

    // asked for again it is found
    expect(
      FeatureStatistics.parse((await world.run('features', 'statistics', ...set, '--build', built.json().id, '--json')).json()),
    ).toEqual(statistics)
    expect(await world.db.select().from(featureStatistics)).toHaveLength(kind === 'cross-sectional' ? 1 : 2)
    expect((await world.run('features', 'statistics', ...set, '--feature', 'rsi_14')).out).toMatch(/feature +rsi_14[^]*quantile 0.005/)
    expect((await world.run('features', 'statistics', ...set)).out).toMatch(/FEATURE +MISSING[^]*\nrsi_14 /)
    expect(await world.run('features', 'statistics', ...set, '--feature', 'rsi_15')).toMatchObject({ code: 1 })
  },
)

test('a build of a universe is asked for by it: its rows are of members, whoever reads it', async () => {
  const [first, second] = [bars[0]!, bars[1]!]
  const from = first.sessions[40]!
  const spans = [
    { symbol: 'AAA', from, to: first.sessions[60]! },
    { symbol: 'BBB', from: '2000-01-03', to: '2099-12-31' },
  ]
  const { id } = await landSnapshot(world, 'index', bars, [], [{ name: 'large', spans }])
  await world.db.update(datasets).set({ headSnapshotId: id }).where(eq(datasets.name, 'index'))
  const set = await world.file('ranks.yaml', 'name: ranks\nfeatures:\n  rank: CSRank($close)\n  own: Mean($close,5)/$close\n')
  expect((await world.run('features', 'add', set)).code).toBe(0)
  const of = ['ranks', '--dataset', 'index']
  const ofLarge = [...of, '--universe', 'large']
  expect(await world.run('features', 'build', ...of, '--label', label.expression, '--universe', 'larg')).toMatchObject({
    code: 1,
    err: expect.stringContaining('has no universe larg: did you mean large? There are: large'),
  })
  const built = await world.run('features', 'build', ...ofLarge, '--label', label.expression)
  expect([built.code, built.out]).toEqual([0, expect.stringMatching(/universe +large[^]*rows +96\n/)])

  const out = join(world.folder, 'ranks.parquet')
  expect((await world.run('features', 'export', ...ofLarge, '--out', out)).code).toBe(0)
  const { rows, columns } = await python(readParquet, out)
  const member = ({ symbol, sessions }: (typeof bars)[number]) =>
    sessions
      .filter((session) => symbol === 'BBB' || (session >= from && session <= first.sessions[60]!))
      .map((session) => `${symbol} ${session}`)
  expect(rows).toEqual([...member(first), ...member(second)])
  // alone, or the lower or higher of two
  const lower = (session: string) => first.close[first.sessions.indexOf(session)]! < second.close[second.sessions.indexOf(session)]!
  for (const [at, row] of (rows as string[]).entries()) {
    const [symbol, session] = row.split(' ') as [string, string]
    const both = session >= from && session <= first.sessions[60]!
    expect([row, columns.rank[at]]).toEqual([row, !both || (symbol === 'AAA') !== lower(session) ? 1 : 0.5])
  }

  expect((await world.run('features', 'statistics', ...ofLarge)).out).toMatch(/universe +large[^]*96 of 2 symbols/)
  expect((await world.run('features', 'check', ...ofLarge, '--json')).json()).toMatchObject({ universe: 'large', verdict: 'inconclusive' })
  const page = join(world.folder, 'ranks.html')
  expect((await world.run('features', 'page', ...ofLarge, '--out', page)).code).toBe(0)
  expect(await readFile(page, 'utf8')).toMatch(/universe[^]{0,40}large/)
  const points = await world.file('members.csv', `symbol,time\nAAA,${first.sessions[50]}T23:00:00Z\nAAA,${first.sessions[70]}T23:00:00Z\n`)
  const joined = join(world.folder, 'members.csv')
  expect((await world.run('features', 'join', ...ofLarge, '--points', points, '--out', joined, '--json')).json()).toMatchObject({
    known: 1,
  })
  expect((await world.run('data', 'lineage', 'index')).out).toMatch(/ranks of large, ready/)
  // a set is its build of all symbols, unless a universe is named
  expect(await world.run('features', 'statistics', ...of)).toMatchObject({
    code: 1,
    err: expect.stringContaining('no build of ranks over index is ready'),
  })
})

/** pandas' own join of points with exported rows, each known at nine in the evening of its session, UTC. */
const mergeAsOf = `
import sys, json, pandas as pd
given, rows, joined = pd.read_csv(sys.argv[1]), pd.read_parquet(sys.argv[2]), sys.argv[3]
joined = pd.read_parquet(joined) if joined.endswith(".parquet") else pd.read_csv(joined)
cut = pd.to_datetime(sys.argv[4]) if len(sys.argv) > 4 else None
given["at"] = pd.to_datetime(given.time, utc=True, format="ISO8601")
if cut is not None: given["at"] = given["at"].clip(upper=cut)
rows["known"] = pd.to_datetime(rows.session).dt.tz_localize("UTC") + pd.Timedelta(hours=21)
given["at"], rows["known"] = given["at"].astype("datetime64[us, UTC]"), rows["known"].astype("datetime64[us, UTC]")
expected = pd.merge_asof(given.sort_values("at"), rows.sort_values("known"), left_on="at", right_on="known", by="symbol").sort_values("trade")
joined = joined.sort_values("trade")
names = [c for c in rows.columns if c not in ("symbol", "session", "known")]
same = [n for n in names if ((joined[n].to_numpy("float32") == expected[n].to_numpy("float32")) | (joined[n].isna().to_numpy() & expected[n].isna().to_numpy())).all()]
dates = lambda c: [None if pd.isna(v) else str(v)[:10] for v in c]
print(json.dumps({"columns": list(joined.columns), "names": names, "same": same, "known": int(expected.known.notna().sum()),
  "sessions": dates(joined.session) == dates(expected.session), "trades": joined.trade.tolist() == given.trade.tolist()}))`

test('points are joined with the rows that were known then, as pandas’ merge_asof does; other columns go along', async () => {
  const set = ['technical', '--dataset', 'walks']
  const random = randomNumbers(8)
  const lines = Array.from({ length: 1_500 }, (_, trade) => {
    const { symbol, sessions } = bars[Math.floor(random() * bars.length)]!
    const first = Date.parse(sessions[0]!)
    const time = new Date(first + (random() * 1.1 - 0.05) * (Date.parse(sessions.at(-1)!) - first)).toISOString()
    return `${symbol},${time},${trade}`
  })
  // at the very instant, a millisecond before it, and a symbol that the build lacks
  lines.push('AAA,2007-01-05T21:00:00Z,1500', 'AAA,2007-01-05T20:59:59.999Z,1501', 'ZZZ,2010-01-01T00:00:00Z,1502')
  const points = await world.file('points.csv', `symbol,time,trade\n${lines.join('\n')}\n`)
  const rows = join(world.folder, 'known.parquet')
  expect((await world.run('features', 'export', ...set, '--out', rows)).code).toBe(0)
  const joined = (...more: string[]) => world.run('features', 'join', ...set, '--points', points, ...more, '--json')

  const toParquet = join(world.folder, 'joined.parquet')
  const answer = (await joined('--out', toParquet)).json()
  const found = await python(mergeAsOf, points, rows, toParquet)
  expect(found).toMatchObject({
    same: found.names,
    sessions: true,
    trades: true,
    columns: ['symbol', 'time', 'trade', 'session', 'known_at', ...found.names],
  })
  expect(answer).toMatchObject({ rows: 1503, known: found.known })
  expect(found.known).toBeGreaterThan(1000)

  const toCsv = join(world.folder, 'joined.csv')
  const cut = '2007-03-01T12:00:00Z'
  expect((await joined('--out', toCsv, '--known-by', cut)).code).toBe(0)
  const before = await python(mergeAsOf, points, rows, toCsv, cut)
  expect(before).toMatchObject({ same: before.names, sessions: true, trades: true })
  const bad = await world.file('bad.csv', 'symbol,when\nAAA,2007-01-05\n')
  const refused = await world.run('features', 'join', ...set, '--points', bad, '--out', toCsv, '--json')
  expect(refused.json().error).toMatchObject({
    code: 'invalid_request',
    message: `cannot read symbols and times from ${bad}: it has no column time, but symbol, when`,
    place: { file: bad },
  })
})
