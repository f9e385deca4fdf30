import { and, asc, desc, eq, ilike, lt, or, sql, type SQLWrapper } from 'drizzle-orm'
import type { DescribedFeatureSet } from '#contracts/feature-sets.ts'
import type { FeatureSet, LabelDefinition } from '#contracts/features.ts'
import {
  builtInNames,
  featureSets as builtIn,
  readReference,
  resolveFeatureSet,
  unknownFeatureSet,
  withoutAbsent,
} from '#domain/features/feature-sets.ts'
import { barColumns } from '#domain/features/bar-columns.ts'
import { buildProcessors, processedSet } from '#domain/features/build-processors.ts'
import { readLabel } from '#domain/features/definitions.ts'
import { setContentHash } from '#domain/features/set-content.ts'
import type { Executor } from '../client.ts'
import { featureSetVersion } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { findOptionalColumns } from './snapshots.ts'
import { iso } from './timestamps.ts'

type Listing = { limit: number; after?: string | undefined; search?: string | undefined }

/** The newest version of each set, by name. `search` is looked for in names, descriptions and formulas, case aside. */
export async function listFeatureSets(db: Executor, { limit, after, search }: Listing) {
  const [last] = after === undefined ? [] : decodeCursor(after, [''] as [string])
  const newest = db
    .selectDistinctOn([featureSetVersion.name])
    .from(featureSetVersion)
    .orderBy(asc(featureSetVersion.name), desc(featureSetVersion.version))
    .as('newest')
  const wanted = search === undefined ? undefined : `%${search.replaceAll(/[\\%_]/g, '\\$&')}%`
  const rows = await db
    .select()
    .from(newest)
    .where(
      and(
        // by code unit, as the sets of the program are sorted here
        last === undefined ? undefined : sql`${newest.name} collate "C" > ${last}`,
        wanted === undefined
          ? undefined
          : or(ilike(newest.name, wanted), ilike(newest.description, wanted), aFeatureTells(newest.features, wanted)),
      ),
    )
    .orderBy(sql`${newest.name} collate "C"`)
    .limit(limit + 1)
  const ours = builtIn.filter((set) => (last === undefined || set.name > last) && (search === undefined || tells(set, search)))
  const all = [...ours.map(describeBuiltIn), ...rows.map(describedOf)].sort((a, b) => (a.name < b.name ? -1 : 1))
  return pageOf(
    all,
    limit,
    (set) => [set.name],
    (set) => set,
  )
}

const aFeatureTells = (features: SQLWrapper, wanted: string) => sql`exists (
  select from jsonb_array_elements(${features}) f
  where concat_ws(chr(10), f ->> 'name', f ->> 'expression', f ->> 'description') ilike ${wanted})`

/** Every version of a set, newest first; none when the name is not known. */
export async function listFeatureSetVersions(
  db: Executor,
  { name, limit, after }: Omit<Listing, 'search'> & { name: string },
): Promise<{ items: DescribedFeatureSet[]; nextCursor: string | null }> {
  const ours = builtIn.filter((set) => set.name === name)
  if (ours.length > 0) return { items: ours.map(describeBuiltIn), nextCursor: null }
  const [last] = after === undefined ? [] : decodeCursor(after, [0] as [number])
  const rows = await db
    .select()
    .from(featureSetVersion)
    .where(and(eq(featureSetVersion.name, name), last === undefined ? undefined : lt(featureSetVersion.version, last)))
    .orderBy(desc(featureSetVersion.version))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.version], describedOf)
}

/** @throws DomainError not_found, with the names there are */
export async function readFeatureSet(db: Executor, reference: string): Promise<DescribedFeatureSet> {
  const { name, version } = readReference(reference)
  const known = builtIn.find((set) => set.name === name && (version === undefined || version === set.version))
  if (known !== undefined) return describeBuiltIn(known)
  const [row] = await db
    .select()
    .from(featureSetVersion)
    .where(and(eq(featureSetVersion.name, name), version === undefined ? undefined : eq(featureSetVersion.version, version)))
    .orderBy(desc(featureSetVersion.version))
    .limit(1)
  if (row !== undefined) return describedOf(row)
  const names = await db.selectDistinctOn([featureSetVersion.name], { name: featureSetVersion.name }).from(featureSetVersion).limit(50)
  throw unknownFeatureSet(reference, [...builtInNames, ...names.map((each) => each.name)])
}

/** The version that a name holds with this content. */
export async function findFeatureSetByContent(db: Executor, name: string, contentSha256: string): Promise<DescribedFeatureSet | undefined> {
  const [row] = await db
    .select()
    .from(featureSetVersion)
    .where(and(eq(featureSetVersion.name, name), eq(featureSetVersion.contentSha256, contentSha256)))
  return row && describedOf(row)
}

/**
 * What a set means beside a label, over the columns that the bars of a dataset have: of users or of the program. They are
 * those of a snapshot, by default the head. `processors` are a recipe's: the set is what the build makes of its features.
 * Whether the snapshot has the universe is not looked at.
 * @throws DomainError not_found, with the names there are | feature_column_absent | recipe_invalid; ExpressionError when the
 * label cannot be read, or a processed feature is too long
 */
export async function resolveSet(
  db: Executor,
  reference: string,
  label: LabelDefinition,
  bars: { dataset: string; snapshotId?: string | undefined; universe?: string | undefined },
  processors: readonly { kind: string }[] = [],
): Promise<FeatureSet> {
  const columns = [...barColumns, ...(await findOptionalColumns(db, bars))]
  readLabel(label, columns)
  const set = processedSet(await resolvePlain(db, reference, label, columns), buildProcessors(processors))
  return bars.universe === undefined ? set : { ...set, universe: bars.universe }
}

async function resolvePlain(db: Executor, reference: string, label: LabelDefinition, columns: readonly string[]): Promise<FeatureSet> {
  const { name, version } = readReference(reference)
  if (builtInNames.includes(name) && (version === undefined || version === 1)) return resolveFeatureSet(name, label, columns)
  const { description, features, limits, version: found } = await readFeatureSet(db, reference)
  return withoutAbsent({ name, version: found, description, features, ...(limits === undefined ? {} : { limits }) }, columns)
}

const tells = ({ name, description, features }: FeatureSet, search: string) => {
  const wanted = search.toLowerCase()
  return [name, description, ...features.flatMap((feature) => [feature.name, feature.expression, feature.description ?? ''])].some((text) =>
    text.toLowerCase().includes(wanted),
  )
}

const describeBuiltIn = (set: FeatureSet): DescribedFeatureSet => ({
  ...set,
  builtIn: true,
  contentSha256: setContentHash(set),
  registeredBy: null,
  registeredAt: null,
})

const describedOf = ({ registeredAt, limits, ...row }: typeof featureSetVersion.$inferSelect): DescribedFeatureSet => ({
  ...row,
  ...(limits === null ? {} : { limits }),
  builtIn: false,
  registeredAt: iso(registeredAt),
})
