/** Asking the API: one request, repeated while a server is away, its answer parsed by the contracts. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { RunState } from '#contracts/commands.ts'
import { type ErrorPlace, QuantloopError } from '#contracts/errors.ts'
import { Problem } from '#contracts/problems.ts'

export type ClientOptions = {
  apiUrl: string
  servingUrl: string
  apiKey: string | undefined
  /** how long a server that does not answer is asked again: every request can be repeated, its key stays the same */
  patienceMs?: number
  fetch?: (url: string, init: RequestInit) => Promise<Response> | Response
}

export type Page<T> = { items: T[]; nextCursor: string | null }
export type Paging = { limit?: number | undefined; after?: string | undefined }
export type RunVerb = 'pause' | 'resume' | 'stop'
export type ApprovalVerb = 'approve' | 'reject'

type Call = {
  method?: string
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  idempotencyKey?: string
  repeatable?: boolean
  /** what the answer is; JSON unless said */
  accept?: 'text/html'
}

/** Between two tries, in milliseconds. */
export const between = (attempt: number) => Math.min(200 * 2 ** attempt, 2_000)

export type Transport = ReturnType<typeof createTransport>

export function createTransport(options: ClientOptions) {
  const ask = async <T>(url: string, schema: z.ZodType<T>, call: Call): Promise<T> => {
    const deadline = Date.now() + (options.patienceMs ?? 0)
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    const headers: Record<string, string> = { accept: call.accept ?? 'application/json' }
    if (options.apiKey !== undefined) headers.authorization = `Bearer ${options.apiKey}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (call.method !== undefined && call.repeatable !== false) headers['idempotency-key'] = call.idempotencyKey ?? randomUUID()
    const init: RequestInit = { method: call.method ?? 'GET', headers, ...(body === undefined ? {} : { body }) }
    for (let attempt = 0; ; attempt++) {
      try {
        return await answerOf(await reach(url, init, options.fetch ?? fetch), schema, url)
      } catch (error) {
        const again = error instanceof QuantloopError && error.code === 'unavailable' && call.repeatable !== false
        if (!again || Date.now() + between(attempt) > deadline) throw error
        await sleep(between(attempt))
      }
    }
  }

  const api = <T>(path: string, schema: z.ZodType<T>, call: Call = {}): Promise<T> =>
    ask(address(options.apiUrl, `/api/v1${path}`, call.query), schema, call)
  const get = <T>(path: string, schema: z.ZodType<T>, query?: Call['query']) => api(path, schema, query === undefined ? {} : { query })
  const start = <T>(path: string, schema: z.ZodType<T>, body: unknown, idempotencyKey?: string) =>
    api(path, schema, { method: 'POST', body, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) })
  const tell = (path: string, verb: RunVerb | ApprovalVerb | 'promote', reason?: string): Promise<RunState> =>
    start(`${path}/${verb}`, RunState, reason === undefined ? {} : { reason })

  return { ask, api, get, start, tell }
}

export function address(base: string, path: string, query: Call['query'] = {}): string {
  const url = new URL(base.replace(/\/$/, '') + path)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  return url.toString()
}

/** @throws QuantloopError unavailable when nothing answers at the address */
async function reach(url: string, init: RequestInit, send: NonNullable<ClientOptions['fetch']>): Promise<Response> {
  try {
    return await send(url, init)
  } catch (error) {
    const { origin } = new URL(url)
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    throw new QuantloopError(
      'unavailable',
      `nothing answers at ${origin} (${cause}): is the stack up? (\`quantloop status\`)`,
      { url: origin },
      { cause: error },
    )
  }
}

async function answerOf<T>(response: Response, schema: z.ZodType<T>, url: string): Promise<T> {
  const text = await response.text()
  const isPage = response.headers.get('content-type')?.startsWith('text/html') === true
  const body = isPage ? text : parsed(text)
  if (response.ok) {
    const answer = schema.safeParse(body)
    if (answer.success) return answer.data
    throw new QuantloopError('internal', `${url} answered what this version does not understand: ${z.prettifyError(answer.error)}`, {
      url,
      status: response.status,
    })
  }
  const problem = Problem.safeParse(body)
  if (!problem.success)
    throw new QuantloopError(
      response.status >= 500 ? 'unavailable' : 'internal',
      `${url} answered ${response.status}: ${text.slice(0, 200)}`,
      { url, status: response.status },
    )
  const place: ErrorPlace = problem.data.place ?? {}
  throw new QuantloopError(problem.data.code, problem.data.detail, place)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
