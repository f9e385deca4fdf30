import type { Command } from 'commander'
import { Ticker } from '#contracts/words.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { as } from '../options.ts'
import { figure, table } from '../output.ts'

export function register(program: Command, context: CliContext): void {
  program
    .command('predict')
    .description('ask an endpoint, from the newest features of each symbol')
    .argument('<endpoint>')
    .argument('<symbols...>', 'tickers', (text: string, before: string[] | undefined) => [...(before ?? []), as(Ticker)(text)])
    .option('--unit <id>', 'whose answer this is, for experiments')
    .action(async (endpoint: string, symbols: string[], { unit }: { unit?: string }) => {
      context.answer(await (await connect(context)).predict(endpoint, symbols, unit), ({ model, revision, stale, predictions }) =>
        [
          table(predictions, [
            { title: 'symbol', value: ({ symbol }) => symbol },
            { title: 'as of', value: ({ session }) => session },
            { title: 'prediction', value: ({ value }) => figure(value), right: true },
            { title: 'id', value: ({ predictionId }) => predictionId },
          ]),
          `by ${model.name}@${model.version}, revision ${revision}${stale ? ', stale: this replica is cut off from PostgreSQL' : ''}`,
          ...predictions.slice(0, 1).map(({ predictionId }) => `next: quantloop trace ${predictionId}`),
        ].join('\n'),
      )
    })
}
