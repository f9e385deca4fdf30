import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { z } from 'zod'
import { type DescribedFeatureSet, type FeatureSetComparison, FeatureSetFile } from '#contracts/feature-sets.ts'
import type { Paging } from '../../client.ts'
import { connect } from '../../connect.ts'
import type { CliContext } from '../../context.ts'
import { readFeatureSetFile } from '../../feature-set-file.ts'
import { pagingOf, paged } from '../../options.ts'
import { facts, figure, moment, pageOf, table } from '../../output.ts'

/** `quantloop features add · list · show · versions · compare · schema` */
export function addSets(features: Command, context: CliContext): void {
  features
    .command('add <file>')
    .description('register a feature set that is written in YAML; changed content becomes the next version')
    .action(async (file: string) => {
      const { set, placed } = await readFeatureSetFile(file)
      const client = await connect(context)
      const registered = await client.featureSets.register(set, randomUUID()).catch((error: unknown) => {
        throw placed(error)
      })
      context.answer(registered, describeSet)
    })

  paged(
    features
      .command('list')
      .description('feature sets, the newest version of each')
      .option('--search <text>', 'only those that tell it in a name, a description or a formula'),
  ).action(async ({ search, ...paging }: Paging & { search?: string }) => {
    const found = await (await connect(context)).featureSets.list({ search, ...pagingOf(paging) })
    context.answer(found, (page) => pageOf(page, search === undefined ? columns : [...columns, matches(search)]))
  })

  features
    .command('show <set>')
    .description('the expressions of a feature set: mine for its newest version, or mine@2')
    .action(async (name: string) => {
      context.answer(await (await connect(context)).featureSets.find(name), (set) =>
        [
          describeSet(set),
          '',
          table(set.features, [
            { title: 'feature', value: (feature) => feature.name },
            { title: 'expression', value: ({ expression }) => expression },
            ...(set.features.some(({ description }) => description !== undefined)
              ? [{ title: 'means', value: ({ description }: (typeof set.features)[number]) => description ?? '' }]
              : []),
          ]),
        ].join('\n'),
      )
    })

  paged(features.command('versions <set>').description('every version of a feature set, newest first')).action(
    async (name: string, paging: Paging) => {
      context.answer(await (await connect(context)).featureSets.versions(name, pagingOf(paging)), (page) => pageOf(page, columns))
    },
  )

  features
    .command('compare <before> <after>')
    .description('what one set has that another has not: mine@1 mine@2')
    .action(async (before: string, after: string) => {
      context.answer(await (await connect(context)).featureSets.compare(before, after), describeComparison)
    })

  features
    .command('schema')
    .description('the JSON schema of a feature set’s file, for editors')
    .action(() => {
      const schema = z.toJSONSchema(FeatureSetFile, { io: 'input' })
      context.answer(schema, (value) => JSON.stringify(value, null, 2))
    })
}

const columns = [
  { title: 'set', value: ({ name }: DescribedFeatureSet) => name },
  { title: 'version', value: ({ version }: DescribedFeatureSet) => version, right: true },
  { title: 'features', value: ({ features }: DescribedFeatureSet) => features.length, right: true },
  { title: 'by', value: ({ registeredBy }: DescribedFeatureSet) => registeredBy ?? 'the program' },
  { title: 'description', value: ({ description }: DescribedFeatureSet) => description },
]

/** The first features that tell what was searched for, and how many more do. */
const matches = (search: string) => ({
  title: 'found in',
  value: ({ features }: DescribedFeatureSet) => {
    const told = features.filter(({ name, expression, description = '' }) =>
      [name, expression, description].some((text) => text.toLowerCase().includes(search.toLowerCase())),
    )
    const more = told.length > 3 ? `, and ${told.length - 3} more` : ''
    return `${told
      .slice(0, 3)
      .map(({ name }) => name)
      .join(', ')}${more}`
  },
})

const describeSet = ({ name, version, description, features, limits, registeredBy, registeredAt }: DescribedFeatureSet) =>
  facts({
    set: `${name}@${version}`,
    description,
    features: features.length,
    limits: limitsOf(limits),
    by: registeredBy ?? 'the program',
    registered: moment(registeredAt),
  })

/** Shares of a build that may be no numbers, where the set says any. */
const limitsOf = (limits: DescribedFeatureSet['limits']) =>
  limits === undefined
    ? null
    : Object.entries(limits)
        .flatMap(([kind, share]) => (share === undefined ? [] : [`${kind} ${figure(100 * share)} %`]))
        .join(', ')

function describeComparison({ before, after, added, removed, changed, renamed, same }: FeatureSetComparison): string {
  const lines = [
    ...added.map(({ name, expression }) => `+ ${name}  ${expression}`),
    ...removed.map(({ name, expression }) => `- ${name}  ${expression}`),
    ...changed.flatMap((each) => [`~ ${each.name}  ${each.before}`, `  ${' '.repeat(each.name.length)}  ${each.after}`]),
    ...renamed.map((each) => `= ${each.before} is ${each.after} now  ${each.expression}`),
  ]
  return [`${before} → ${after}: ${same} features are the same`, ...lines].join('\n')
}
