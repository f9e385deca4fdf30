/** `quantloop data …` for snapshots as versions; the group itself is made in data.ts. */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { TagName } from '#contracts/snapshots.ts'
import type { Paging } from '../client.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { as, pagingOf, paged, snapshotReference } from '../options.ts'
import { facts, pageOf } from '../output.ts'
import { describeComparison, describeLineage, describeSnapshot, moveColumns, tagColumns } from '../snapshots.ts'

const named = 'by id, first digits of it, tag, head or head~N'

export function register(program: Command, context: CliContext): void {
  const data = program.commands.find((command) => command.name() === 'data')!

  data
    .command('snapshot')
    .argument('<dataset>')
    .argument('[snapshot]', named, snapshotReference, 'head')
    .description('one snapshot')
    .action(async (dataset: string, snapshot: string) =>
      context.answer(await (await connect(context)).datasets.findSnapshot(dataset, snapshot), describeSnapshot),
    )

  paged(data.command('history <dataset>').description('every move of the head, newest first: head~N counts along it')).action(
    async (dataset: string, paging: Paging) => {
      context.answer(await (await connect(context)).datasets.history(dataset, pagingOf(paging)), (page) => pageOf(page, moveColumns))
    },
  )

  paged(data.command('tags <dataset>').description('tags by name')).action(async (dataset: string, paging: Paging) => {
    context.answer(await (await connect(context)).datasets.tags(dataset, pagingOf(paging)), (page) => pageOf(page, tagColumns))
  })

  data
    .command('tag')
    .argument('<dataset>')
    .argument('<tag>', 'its name', as(TagName))
    .argument('[snapshot]', named, snapshotReference, 'head')
    .description('tag a snapshot, or move the tag to it; a tag keeps it from collection')
    .option('--reason <text>', 'why, for the audit')
    .action(async (dataset: string, tag: string, snapshot: string, { reason }: { reason?: string }) => {
      const set = await (await connect(context)).datasets.tag(dataset, tag, snapshot, reason)
      context.answer(set, (tagged) => facts({ tag: tagged.name, of: tagged.dataset, snapshot: tagged.snapshotId }))
    })

  data
    .command('untag')
    .argument('<dataset>')
    .argument('<tag>', 'its name', as(TagName))
    .description('remove a tag')
    .action(async (dataset: string, tag: string) => {
      const removed = await (await connect(context)).datasets.untag(dataset, tag)
      context.answer(removed, ({ name, snapshotId }) => `${name} was on ${snapshotId}`)
    })

  data
    .command('note')
    .argument('<dataset>')
    .argument('<snapshot>', named, snapshotReference)
    .argument('<text>')
    .description('say what people should know of a snapshot; an empty text removes it')
    .action(async (dataset: string, snapshot: string, text: string) =>
      context.answer(await (await connect(context)).datasets.note(dataset, snapshot, text), describeSnapshot),
    )

  data
    .command('lineage')
    .argument('<dataset>')
    .argument('[snapshot]', named, snapshotReference, 'head')
    .description('where a snapshot came from, and every build, run, version and prediction that was made of it')
    .action(async (dataset: string, snapshot: string) =>
      context.answer(await (await connect(context)).datasets.lineage(dataset, snapshot), describeLineage),
    )

  data
    .command('compare')
    .argument('<dataset>')
    .argument('<before>', named, snapshotReference)
    .argument('[after]', named, snapshotReference, 'head')
    .description('what two snapshots say differently')
    .option('--html <file>', 'also write it as a picture: one HTML page, readable offline')
    .action(async (dataset: string, before: string, after: string, { html }: { html?: string }) => {
      const client = await connect(context)
      const comparison = await client.comparisons.create({ dataset, before, after })
      if (html !== undefined) await writeFile(resolve(html), await client.comparisons.report(comparison.id))
      context.answer(comparison, describeComparison)
    })

  data
    .command('rollback')
    .argument('<dataset>')
    .argument('<snapshot>', named, snapshotReference)
    .description('make an earlier snapshot the head again; history is kept, followers are told')
    .option('--reason <text>', 'why, for the audit')
    .action(async (dataset: string, to: string, { reason }: { reason?: string }) => {
      const client = await connect(context, waitingPatienceMs)
      const body = { to, ...(reason === undefined ? {} : { reason }) }
      const rolled = await client.datasets.rollBack(dataset, body, randomUUID())
      context.note(`the next sync of ${dataset} fetches from its source again: pause its schedule if that is what was wrong`)
      context.answer(rolled, (move) => facts({ dataset, from: move.from, to: move.to, 'last session': move.lastSession }))
    })
}
