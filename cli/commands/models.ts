import type { Command } from 'commander'
import type { ModelVersion } from '#contracts/models.ts'
import type { Paging } from '../client.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { pagingOf, paged } from '../options.ts'
import { facts, moment, pageOf } from '../output.ts'

export function register(program: Command, context: CliContext): void {
  const models = program.command('models').description('registered models')

  paged(models.command('list').description('models by name')).action(async (paging: Paging) => {
    context.answer(await (await connect(context)).models.list(pagingOf(paging)), (page) =>
      pageOf(page, [
        { title: 'model', value: ({ name }) => name },
        { title: 'latest', value: ({ latestVersion }) => latestVersion, right: true },
        { title: 'production', value: ({ production }) => production, right: true },
        { title: 'since', value: ({ createdAt }) => moment(createdAt) },
      ]),
    )
  })

  paged(models.command('show <model>').description('NAME shows its versions; NAME@NUMBER one version with its lineage')).action(
    async (model: string, paging: Paging) => {
      const client = await connect(context)
      const [, name = model, version] = /^(.+)@(\d{1,9})$/.exec(model) ?? []
      if (version !== undefined) context.answer(await client.models.version(name, Number(version)), describeVersion)
      else context.answer(await client.models.versions(name, pagingOf(paging)), (page) => pageOf(page, columns))
    },
  )
}

const describeVersion = (version: ModelVersion) =>
  facts({
    version: `${version.name}@${version.version}`,
    stage: version.stage,
    run: version.runId,
    onnx: version.onnx.sha256,
    sidecar: version.sidecar.sha256,
    features: version.featureHash,
    build: version.buildId,
    dataset: version.dataset,
    snapshot: version.snapshotId,
    registered: moment(version.createdAt),
  })

const columns = [
  { title: 'version', value: ({ name, version }: ModelVersion) => `${name}@${version}` },
  { title: 'stage', value: ({ stage }: ModelVersion) => stage },
  { title: 'run', value: ({ runId }: ModelVersion) => runId },
  { title: 'registered', value: ({ createdAt }: ModelVersion) => moment(createdAt) },
]
