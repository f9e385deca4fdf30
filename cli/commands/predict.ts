import type { Command } from 'commander'
import { Session, Ticker } from '#contracts/words.ts'
import { connectReplicas } from '../connect.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ApiClient } from '../client.ts'
import type { CliContext } from '../context.ts'
import { as } from '../options.ts'
import { figure, table } from '../output.ts'

export function register(program: Command, context: CliContext): void {
  program
    .command('predict')
    .description('ask an endpoint, from the newest features of each symbol')
    .argument('<endpoint>')
    .argument('<symbols...>', 'tickers', (text: string, before: string[] | undefined) => [...(before ?? []), as(Ticker)(text)])
    .option('--session <date>', 'refuse to answer from the features of another session', as(Session))
    .option('--unit <id>', 'whose answer this is, for experiments')
    .action(async (endpoint: string, symbols: string[], { session, unit: unitId }: { session?: string; unit?: string }) => {
      context.answer(
        await askAny(await connectReplicas(context), (replica) => replica.predict(endpoint, symbols, { session, unitId })),
        ({ model, revision, stale, predictions }) =>
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

/** The first replica that is there answers. */
async function askAny<T>(replicas: readonly ApiClient[], ask: (replica: ApiClient) => Promise<T>): Promise<T> {
  for (const [index, replica] of replicas.entries()) {
    try {
      return await ask(replica)
    } catch (error) {
      const away = error instanceof QuantloopError && error.code === 'unavailable'
      if (!away || index === replicas.length - 1) throw error
    }
  }
  throw new QuantloopError('unavailable', 'there is no serving replica')
}
