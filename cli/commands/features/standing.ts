import { randomUUID } from 'node:crypto'
import { type Command, Option } from 'commander'
import type { StandingBuild } from '#contracts/standing-builds.ts'
import type { Paging } from '../../client.ts'
import { connect } from '../../connect.ts'
import type { CliContext } from '../../context.ts'
import { paged, pagingOf, universeName } from '../../options.ts'
import { facts, moment, pageOf } from '../../output.ts'

type FollowOptions = {
  dataset: string
  label: string
  labelKind?: 'time-series' | 'cross-sectional'
  persistence?: string
  universe?: string
}

/** `quantloop features follow · following · unfollow` */
export function addStandingBuilds(features: Command, context: CliContext): void {
  features
    .command('follow <set>')
    .description('build a set by itself whenever a snapshot of a dataset lands')
    .requiredOption('--dataset <name>', 'whose snapshots to follow')
    .requiredOption('--label <expression>', "what to predict, as 'Ref($close,-1)/$close-1'")
    .addOption(new Option('--label-kind <kind>', 'how the label is judged').choices(['time-series', 'cross-sectional']))
    .option('--persistence <expression>', 'the naive forecast; by default the last known label')
    .option('--universe <name>', 'rows and cross-sections of its members only', universeName)
    .action(async (set: string, { dataset, label, labelKind, persistence, universe }: FollowOptions) => {
      const body = { features: set, label: { expression: label, kind: labelKind, persistence }, universe }
      context.answer(await (await connect(context)).standingBuilds.follow(dataset, body, randomUUID()), describe)
    })

  paged(features.command('following <dataset>').description('sets that are built whenever a snapshot lands')).action(
    async (dataset: string, paging: Paging) => {
      context.answer(await (await connect(context)).standingBuilds.list(dataset, pagingOf(paging)), (page) => pageOf(page, columns))
    },
  )

  features
    .command('unfollow <dataset> <id>')
    .description('follow it no more; builds that were started go on')
    .action(async (dataset: string, id: string) =>
      context.answer(
        await (await connect(context)).standingBuilds.unfollow(dataset, id),
        ({ featureSet }) => `${featureSet} follows ${dataset} no more`,
      ),
    )
}

const describe = ({ id, dataset, featureSet, label, universe, requestedBy }: StandingBuild) =>
  facts({ id, dataset, set: featureSet, label: label.expression, universe: universe ?? null, by: requestedBy })

const columns = [
  { title: 'id', value: ({ id }: StandingBuild) => id },
  { title: 'set', value: ({ featureSet }: StandingBuild) => featureSet },
  { title: 'label', value: ({ label }: StandingBuild) => label.expression },
  { title: 'universe', value: ({ universe }: StandingBuild) => universe ?? null },
  { title: 'by', value: ({ requestedBy }: StandingBuild) => requestedBy },
  { title: 'since', value: ({ createdAt }: StandingBuild) => moment(createdAt) },
]
