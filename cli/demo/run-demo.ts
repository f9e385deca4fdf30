import { writeFile } from 'node:fs/promises'
import { Listr } from 'listr2'
import { stackStatus } from '#stack/status.ts'
import { takeDown } from '#stack/take-down.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { bar } from '../output.ts'
import { startStack } from '../start-up.ts'
import type { DemoReport } from './report.ts'
import { chapters, type Draft, type Progress } from './story.ts'

/** Brings the stack up unless it is, tells the story, and leaves things as they were unless told to keep them. */
export async function runDemo(context: CliContext, { file, keep }: { file?: string; keep: boolean }): Promise<void> {
  const place = { cwd: process.cwd(), env: process.env }
  const wasUp = stackStatus(place).up
  const steps: DemoReport['steps'] = []
  try {
    await timed(steps, 'stack', async () => {
      if (!wasUp) await startStack(context)
    })
    const told = await tellStory(context, steps)
    if (file !== undefined) await writeFile(file, `${JSON.stringify({ ...told, steps }, null, 2)}\n`)
    context.out(`\n${ending(keep || wasUp, stackStatus(place).processes, told)}`)
  } finally {
    if (!wasUp && !keep) await takeDown((await context.config()).stateDir)
  }
}

async function tellStory(context: CliContext, steps: DemoReport['steps']): Promise<Omit<DemoReport, 'steps'>> {
  const client = await connect(context, waitingPatienceMs)
  const draft: Draft = {}
  const tasks = chapters.map(({ name, title, tell }) => ({
    title,
    task: async (_: unknown, task: { title: string; output: string }) => {
      const summary = await timed(steps, name, () =>
        tell(
          client,
          draft,
          sparingly(context.interactive, (line) => (task.output = line)),
        ),
      )
      task.title = `${title}\n  ${summary}`
    },
  }))
  // where nobody watches, a line a chapter; a progress bar drawn into a log helps nobody
  const renderer = context.interactive ? 'default' : 'simple'
  await new Listr(tasks, { renderer, fallbackRenderer: 'simple', registerSignalListeners: false }).run()
  const { smallSteps: _run, prepared: _version, ...report } = draft
  return report as Omit<DemoReport, 'steps'>
}

/** A person sees a bar move; a log gets a line when something new can be said, at most every two seconds. */
function sparingly(interactive: boolean, show: (line: string) => void): Progress {
  let last = { line: '', at: -Infinity }
  return (text, fraction) => {
    const line = fraction === undefined || !interactive ? text : `${bar(fraction, 1)}  ${text}`
    const now = performance.now()
    if (line === last.line || (!interactive && now - last.at < 2_000)) return
    last = { line, at: now }
    show(line)
  }
}

async function timed<T>(steps: DemoReport['steps'], name: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const result = await work()
  steps.push({ name, seconds: Math.round(performance.now() - begun) / 1000 })
  return result
}

function ending(
  keptUp: boolean,
  processes: Record<string, { url: string | null }>,
  { predictions, trainingRun }: Omit<DemoReport, 'steps'>,
): string {
  const prediction = predictions[0]?.predictionId
  const next = [
    '  quantloop runs show ' + trainingRun.id,
    '  quantloop trace ' + prediction,
    '  quantloop predict tomorrows-range AAPL IBM',
    '  quantloop audit',
  ]
  if (!keptUp)
    return [
      'Everything stays in .quantloop. To look around, start the stack again:',
      '  node bin/quantloop.mjs up --detach',
      'It prints the addresses of the API reference and the Temporal UI; then try (as `npx --no-install quantloop …`)',
      ...next,
    ].join('\n')
  return [
    `API reference   ${processes.api?.url}/docs`,
    `Temporal UI     ${processes.temporal?.url}`,
    `Serving         ${processes.serving?.url}`,
    'Try next (as `npx --no-install quantloop …`)',
    ...next,
    '  quantloop down',
  ].join('\n')
}
