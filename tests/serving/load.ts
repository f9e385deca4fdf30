/**
 * Clients of their own process: LOAD says whom they ask. Each has its first answer before `asking` is said, and asks once
 * more after SIGTERM; then every answer is told.
 */
import { setTimeout as delay } from 'node:timers/promises'

export type LoadOrder = { urls: string[]; key: string; endpoint: string; clients: number; pauseMs: number }
/** `from` and `to` are when the request began and when its answer was there, in milliseconds since 1970. */
export type LoadAnswer = {
  url: string
  from: number
  to: number
  status: number
  revision: number | null
  version: number | null
  stale: boolean
}

const { urls, key, endpoint, clients, pauseMs } = JSON.parse(process.env.LOAD ?? '') as LoadOrder
const answers: LoadAnswer[] = []
let stopped = false

async function ask(url: string): Promise<void> {
  const from = Date.now()
  try {
    const response = await fetch(`${url}/v1/endpoints/${endpoint}/predict`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ symbols: ['AAPL', 'GOOG'] }),
    })
    const body = (await response.json()) as { revision?: number; model?: { version: number }; stale?: boolean }
    answers.push({
      url,
      from,
      to: Date.now(),
      status: response.status,
      revision: body.revision ?? null,
      version: body.model?.version ?? null,
      stale: body.stale ?? false,
    })
  } catch {
    answers.push({ url, from, to: Date.now(), status: 0, revision: null, version: null, stale: false })
  }
}

async function client(url: string): Promise<void> {
  while (!stopped) {
    await ask(url)
    await delay(pauseMs)
  }
  await ask(url)
}

process.on('SIGTERM', () => (stopped = true))
const asked = urls.flatMap((url) => new Array<string>(clients).fill(url))
await Promise.all(asked.map(ask))
process.stdout.write('asking\n')
await Promise.all(asked.map(client))
process.stdout.write(JSON.stringify(answers))
