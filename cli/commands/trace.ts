import type { Command } from 'commander'
import { QuantloopError } from '#contracts/errors.ts'
import type { Trace, TraceLink } from '#contracts/predictions.ts'
import { connect } from '../connect.ts'
import type { CliContext } from '../context.ts'

export function register(program: Command, context: CliContext): void {
  program
    .command('trace <prediction>')
    .description('follow a prediction back to its bars: every object read, hashed and computed again')
    .action(async (id: string) => {
      const trace = await (await connect(context)).predictions.trace(id)
      if (trace.verified || context.json) context.answer(trace, describeTrace)
      else context.out(describeTrace(trace))
      if (!trace.verified && !context.json)
        throw new QuantloopError('object_corrupt', `prediction ${id} is not what its objects give: see the lines marked ✘`, {
          prediction: id,
        })
      if (!trace.verified) process.exitCode = 1
    })
}

/** A tree from the answer down to the bars, each object with its whole hash. */
export function describeTrace(trace: Trace): string {
  const { model, bars, recordedValue, recomputedValue } = trace
  const of = (...kinds: TraceLink['what'][]) => trace.links.filter(({ what }) => kinds.includes(what)).map(line)
  const branches: [string, string[]][] = [
    [`answered by ${trace.endpoint}, deployment ${trace.deploymentId}`, of('prediction')],
    [`model ${model.name}@${model.version}, run ${trace.runId}`, of('onnx', 'sidecar', 'fit-report')],
    [
      `features of build ${trace.buildId}`,
      [
        ...of('feature-row', 'feature-shard', 'build-manifest'),
        ...checked(trace.featuresRecomputed, 'features computed again from the bars, byte for byte'),
      ],
    ],
    [
      `snapshot ${trace.snapshotId}`,
      [
        ...of('snapshot-manifest', 'snapshot-chunk', 'snapshot-content'),
        ...(bars
          ? [
              `bars of ${trace.symbol}, ${bars.firstSession} to ${bars.lastSession}: ${bars.rows} rows${bars.symbols ? `, beside those of ${bars.symbols} symbols in all` : ''}`,
            ]
          : []),
      ],
    ],
  ]
  const head = `prediction ${trace.predictionId}${trace.symbol === null ? '' : ` for ${trace.symbol} after ${trace.session}`} = ${recordedValue}`
  const tail = `${mark(Object.is(recordedValue, recomputedValue))} computed again: ${recomputedValue}`
  return [
    head,
    ...branches.flatMap(([title, leaves]) => [
      `├─ ${title}`,
      ...leaves.map((leaf, i) => `│  ${i === leaves.length - 1 ? '└' : '├'}─ ${leaf}`),
    ]),
    `└─ ${tail}`,
  ].join('\n')
}

const mark = (good: boolean) => (good ? '✔' : '✘')
const checked = (good: boolean | null, what: string) => (good === null ? [] : [`${mark(good)} ${what}`])
const line = ({ what, name, recordedSha256, actualSha256, matches }: TraceLink) =>
  `${mark(matches)} ${what} ${name}  ${recordedSha256}${matches ? '' : ` but found ${actualSha256}`}`
