import type { Command } from 'commander'
import type { ComparisonRecord, ExportRecord, VerificationRecord } from '#contracts/snapshots.ts'
import type { Paging } from '../../client.ts'
import { connect } from '../../connect.ts'
import type { CliContext } from '../../context.ts'
import { paged, pagingOf } from '../../options.ts'
import { moment, pageOf, short } from '../../output.ts'
import { megabytes } from '../../snapshots.ts'

/** `quantloop data comparisons`, `exports` and `verifications`: what was looked at in snapshots, by whom and when, and how it ended. */
export function addInspections(data: Command, context: CliContext): void {
  paged(data.command('comparisons [dataset]').description('comparisons that have ended, newest first')).action(
    async (dataset: string | undefined, paging: Paging) => {
      const client = await connect(context)
      context.answer(await client.comparisons.list({ dataset, ...pagingOf(paging) }), (page) => pageOf(page, comparisonColumns))
    },
  )
  paged(data.command('exports [dataset]').description('exports that have ended, newest first')).action(
    async (dataset: string | undefined, paging: Paging) => {
      const client = await connect(context)
      context.answer(await client.exports.list({ dataset, ...pagingOf(paging) }), (page) => pageOf(page, exportColumns))
    },
  )
  paged(data.command('verifications [dataset]').description('verifications that have ended, newest first')).action(
    async (dataset: string | undefined, paging: Paging) => {
      const client = await connect(context)
      context.answer(await client.verifications.list({ dataset, ...pagingOf(paging) }), (page) => pageOf(page, verificationColumns))
    },
  )
}

const failureOf = ({ failure }: Pick<ComparisonRecord, 'failure'>) => failure && `${failure.code}: ${failure.message}`

const comparisonColumns = [
  { title: 'comparison', value: ({ id }: ComparisonRecord) => id },
  { title: 'state', value: ({ state }: ComparisonRecord) => state },
  { title: 'dataset', value: ({ dataset }: ComparisonRecord) => dataset },
  { title: 'before', value: ({ snapshotIds }: ComparisonRecord) => short(snapshotIds[0]!) },
  { title: 'after', value: ({ snapshotIds }: ComparisonRecord) => short(snapshotIds[1]!) },
  { title: 'added', value: ({ result }: ComparisonRecord) => result?.bars.added, right: true },
  { title: 'removed', value: ({ result }: ComparisonRecord) => result?.bars.removed, right: true },
  { title: 'revised', value: ({ result }: ComparisonRecord) => result?.bars.revised, right: true },
  { title: 'by', value: ({ requestedBy }: ComparisonRecord) => requestedBy },
  { title: 'at', value: ({ endedAt }: ComparisonRecord) => moment(endedAt) },
  { title: 'failure', value: failureOf },
]

const exportColumns = [
  { title: 'export', value: ({ id }: ExportRecord) => id },
  { title: 'state', value: ({ state }: ExportRecord) => state },
  { title: 'dataset', value: ({ dataset }: ExportRecord) => dataset },
  { title: 'snapshot', value: ({ snapshotIds }: ExportRecord) => short(snapshotIds[0]!) },
  { title: 'format', value: ({ result }: ExportRecord) => result && `${result.asked.format}, ${result.asked.prices}` },
  { title: 'rows', value: ({ result }: ExportRecord) => result?.rows, right: true },
  { title: 'size', value: ({ result }: ExportRecord) => result && megabytes(result.object.bytes), right: true },
  { title: 'sha256', value: ({ result }: ExportRecord) => result && short(result.object.sha256) },
  { title: 'by', value: ({ requestedBy }: ExportRecord) => requestedBy },
  { title: 'at', value: ({ endedAt }: ExportRecord) => moment(endedAt) },
  { title: 'failure', value: failureOf },
]

const verificationColumns = [
  { title: 'verification', value: ({ id }: VerificationRecord) => id },
  { title: 'state', value: ({ state }: VerificationRecord) => state },
  { title: 'dataset', value: ({ dataset }: VerificationRecord) => dataset ?? 'all' },
  { title: 'snapshots', value: ({ snapshotIds }: VerificationRecord) => snapshotIds.length, right: true },
  { title: 'sound', value: ({ result }: VerificationRecord) => result && (result.sound ? 'yes' : 'no') },
  { title: 'objects', value: ({ result }: VerificationRecord) => result?.objects, right: true },
  { title: 'by', value: ({ requestedBy }: VerificationRecord) => requestedBy },
  { title: 'at', value: ({ endedAt }: VerificationRecord) => moment(endedAt) },
  { title: 'failure', value: failureOf },
]
