import { writeFile } from 'node:fs/promises'
import { join, parse, resolve } from 'node:path'
import { Listr } from 'listr2'
import { stackStatus } from '#stack/status.ts'
import { takeDown } from '#stack/take-down.ts'
import { createClient } from '../client.ts'
import { connect, waitingPatienceMs } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { bar } from '../output.ts'
import { startStack } from '../start-up.ts'
import type { Draft, Progress } from './chapter.ts'
import { chapters } from './chapters.ts'
import type { DemoReport } from './report.ts'

const linesInSight = 8

/** Brings the stack up unless it is, tells the story, and leaves things as they were unless told to keep them. */
export async function runDemo(context: CliContext, { file, keep }: { file?: string; keep: boolean }): Promise<void> {
  const place = { cwd: process.cwd(), env: process.env }
  const wasUp = stackStatus(place).up
  const steps: DemoReport['steps'] = []
  try {
    await timed(steps, 'stack', async () => {
      if (!wasUp) await startStack(context)
    })
    const { stateDir } = await context.config()
    const reportFile = file === undefined ? join(stateDir, 'reports', 'demo.html') : besides(resolve(file))
    const told = await tellStory(context, { reportFile }, steps)
    if (file !== undefined) await writeFile(file, `${JSON.stringify({ ...told, steps }, null, 2)}\n`)
    context.out(`\n${ending(keep || wasUp, stackStatus(place).processes, told)}`)
  } finally {
    if (!wasUp && !keep) await takeDown((await context.config()).stateDir)
  }
}

/** The page has the name of the JSON file, and stands beside it. */
function besides(file: string): string {
  const { dir, name, base } = parse(file)
  return join(dir, `${name === '' || base.endsWith('.html') ? base : name}.html`)
}

async function tellStory(context: CliContext, draft: Draft, steps: DemoReport['steps']): Promise<Omit<DemoReport, 'steps'>> {
  const client = await connect(context, waitingPatienceMs)
  const replicas = await eachReplica(context)
  const tasks = chapters.map(({ name, title, tell }) => ({
    title,
    task: async (_: unknown, task: { title: string; output: string }) => {
      const say = (line: string) => void (task.output = line)
      const summary = await timed(steps, name, () => tell({ client, replicas, draft, say, progress: sparingly(context.interactive, say) }))
      task.title = `${title}\n  ${summary}`
    },
    // the last lines that were said stay in sight below the chapter
    rendererOptions: { outputBar: linesInSight },
  }))
  // where nobody watches, a line a chapter; a progress bar drawn into a log helps nobody
  const renderer = context.interactive ? 'default' : 'simple'
  await new Listr(tasks, { renderer, fallbackRenderer: 'simple', registerSignalListeners: false }).run()
  const {
    reportFile: _file,
    trained: _runs,
    versions: _versions,
    watching: _rows,
    canaryLoads: _loads,
    current: _current,
    ...report
  } = draft
  return report as Omit<DemoReport, 'steps'>
}

/** One client for each serving replica of the stack; one for all of them where they stand behind one address. */
async function eachReplica(context: CliContext) {
  const { api, serving, apiKey } = await context.config()
  const { processes } = stackStatus({ cwd: process.cwd(), env: process.env })
  const urls = Object.entries(processes).flatMap(([name, { url }]) => (/^serving(-\d+)?$/.test(name) && url !== null ? [url] : []))
  return (urls.length === 0 ? [serving.url] : urls).map((servingUrl) => createClient({ apiUrl: api.url, servingUrl, apiKey }))
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
  { trace, guest, place, report }: Omit<DemoReport, 'steps'>,
): string {
  const next = [
    `  quantloop runs report ${guest.runId}`,
    `  quantloop trace ${trace.predictionId}`,
    `  quantloop endpoints history ${place.endpoint}`,
    `  quantloop predict ${place.endpoint} AAPL IBM`,
    '  quantloop audit',
  ]
  if (!keptUp)
    return [
      `Report          ${report}`,
      'Everything stays in .quantloop. To look around, start the stack again:',
      '  node bin/quantloop.mjs up --detach',
      'It prints the addresses of the API reference and the Temporal UI; then try (as `npx --no-install quantloop …`)',
      ...next,
    ].join('\n')
  return [
    `Report          ${report}`,
    `API reference   ${processes.api?.url}/docs`,
    `Temporal UI     ${processes.temporal?.url}`,
    `Serving         ${processes.serving?.url}`,
    'Try next (as `npx --no-install quantloop …`)',
    ...next,
    '  quantloop down',
  ].join('\n')
}
