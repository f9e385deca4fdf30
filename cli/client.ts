/** The API as functions. Answers are parsed by the contracts; a problem becomes a QuantloopError with its code and place. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ApiKey, AuditEntry, CreatedApiKey } from '#contracts/access.ts'
import { RunState } from '#contracts/commands.ts'
import { Dataset, QuarantinedRow, Snapshot, Sync } from '#contracts/datasets.ts'
import { Deployment, Endpoint } from '#contracts/deployments.ts'
import { type ErrorPlace, QuantloopError } from '#contracts/errors.ts'
import { FeatureBuild, FeatureSet } from '#contracts/features.ts'
import { Model, ModelVersion } from '#contracts/models.ts'
import { PredictionRecord, PredictResponse, Trace } from '#contracts/predictions.ts'
import { page, Problem } from '#contracts/problems.ts'
import {
  type BuildRequest,
  type CreateKeyRequest,
  type DeployRequest,
  type SyncRequest,
  type TrainRequest,
  UploadGrant,
} from '#contracts/requests.ts'
import { ProgressPoint, TrainingRun } from '#contracts/training.ts'

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
  query?: Record<string, string | number | undefined>
  body?: unknown
  idempotencyKey?: string
  repeatable?: boolean
  /** what the answer is; JSON unless said */
  accept?: 'text/html'
}

const between = (attempt: number) => Math.min(200 * 2 ** attempt, 2_000)

export type ApiClient = ReturnType<typeof createClient>

export function createClient(options: ClientOptions) {
  const ask = async <T>(url: string, schema: z.ZodType<T>, call: Call): Promise<T> => {
    const deadline = Date.now() + (options.patienceMs ?? 0)
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    const headers: Record<string, string> = { accept: call.accept ?? 'application/json' }
    if (options.apiKey !== undefined) headers.authorization = `Bearer ${options.apiKey}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (call.method === 'POST' && call.repeatable !== false) headers['idempotency-key'] = call.idempotencyKey ?? randomUUID()
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
  const tell = (path: string, verb: RunVerb | ApprovalVerb, reason?: string): Promise<RunState> =>
    start(`${path}/${verb}`, RunState, reason === undefined ? {} : { reason })

  return {
    datasets: {
      list: (paging: Paging = {}): Promise<Page<Dataset>> => get('/datasets', page(Dataset), paging),
      find: (name: string) => get(`/datasets/${enc(name)}`, Dataset),
      sync: (name: string, body: SyncRequest, idempotencyKey?: string) => start(`/datasets/${enc(name)}/sync`, Sync, body, idempotencyKey),
      syncs: (name: string, paging: Paging = {}): Promise<Page<Sync>> => get(`/datasets/${enc(name)}/syncs`, page(Sync), paging),
      findSync: (name: string, id: string) => get(`/datasets/${enc(name)}/syncs/${enc(id)}`, Sync),
      quarantine: (name: string, id: string, paging: Paging = {}): Promise<Page<QuarantinedRow>> =>
        get(`/datasets/${enc(name)}/syncs/${enc(id)}/quarantine`, page(QuarantinedRow), paging),
      tell: (name: string, verb: RunVerb | ApprovalVerb, reason?: string) => tell(`/datasets/${enc(name)}`, verb, reason),
    },
    uploads: { create: () => api('/uploads', UploadGrant, { method: 'POST' }) },
    snapshots: {
      list: (query: Paging & { dataset?: string | undefined } = {}): Promise<Page<Snapshot>> => get('/snapshots', page(Snapshot), query),
      find: (id: string) => get(`/snapshots/${enc(id)}`, Snapshot),
    },
    featureSets: {
      list: (): Promise<Page<FeatureSet>> => get('/feature-sets', page(FeatureSet)),
      find: (name: string) => get(`/feature-sets/${enc(name)}`, FeatureSet),
    },
    featureBuilds: {
      list: (query: Paging & { dataset?: string | undefined } = {}): Promise<Page<FeatureBuild>> =>
        get('/feature-builds', page(FeatureBuild), query),
      find: (id: string) => get(`/feature-builds/${enc(id)}`, FeatureBuild),
      create: (body: z.input<typeof BuildRequest>, idempotencyKey?: string) => start('/feature-builds', FeatureBuild, body, idempotencyKey),
      tell: (id: string, verb: RunVerb, reason?: string) => tell(`/feature-builds/${enc(id)}`, verb, reason),
    },
    trainingRuns: {
      list: (query: Paging & { model?: string | undefined; state?: string | undefined } = {}): Promise<Page<TrainingRun>> =>
        get('/training-runs', page(TrainingRun), query),
      find: (id: string) => get(`/training-runs/${enc(id)}`, TrainingRun),
      create: (body: z.input<typeof TrainRequest>, idempotencyKey?: string) => start('/training-runs', TrainingRun, body, idempotencyKey),
      progress: (id: string, paging: Paging = {}): Promise<Page<ProgressPoint>> =>
        get(`/training-runs/${enc(id)}/progress`, page(ProgressPoint), paging),
      tell: (id: string, verb: RunVerb | ApprovalVerb, reason?: string) => tell(`/training-runs/${enc(id)}`, verb, reason),
      /** a whole HTML document */
      report: (id: string): Promise<string> => api(`/training-runs/${enc(id)}/report`, z.string(), { accept: 'text/html' }),
    },
    models: {
      list: (paging: Paging = {}): Promise<Page<Model>> => get('/models', page(Model), paging),
      find: (name: string) => get(`/models/${enc(name)}`, Model),
      versions: (name: string, paging: Paging = {}): Promise<Page<ModelVersion>> =>
        get(`/models/${enc(name)}/versions`, page(ModelVersion), paging),
      version: (name: string, version: number) => get(`/models/${enc(name)}/versions/${version}`, ModelVersion),
    },
    endpoints: {
      list: (paging: Paging = {}): Promise<Page<Endpoint>> => get('/endpoints', page(Endpoint), paging),
      find: (name: string) => get(`/endpoints/${enc(name)}`, Endpoint),
    },
    deployments: {
      list: (query: Paging & { endpoint?: string | undefined } = {}): Promise<Page<Deployment>> =>
        get('/deployments', page(Deployment), query),
      find: (id: string) => get(`/deployments/${enc(id)}`, Deployment),
      create: (body: z.input<typeof DeployRequest>, idempotencyKey?: string) => start('/deployments', Deployment, body, idempotencyKey),
      tell: (id: string, verb: RunVerb, reason?: string) => tell(`/deployments/${enc(id)}`, verb, reason),
    },
    predictions: {
      list: (query: Paging & { endpoint?: string | undefined } = {}): Promise<Page<PredictionRecord>> =>
        get('/predictions', page(PredictionRecord), query),
      find: (id: string) => get(`/predictions/${enc(id)}`, PredictionRecord),
      trace: (id: string): Promise<Trace> => start(`/predictions/${enc(id)}/trace`, Trace, undefined),
    },
    /** Asks a serving process, not the API. Each asking is a new prediction, so it is not repeated. */
    predict: (endpoint: string, symbols: string[], unitId?: string): Promise<PredictResponse> =>
      ask(address(options.servingUrl, `/v1/endpoints/${enc(endpoint)}/predict`), PredictResponse, {
        method: 'POST',
        body: { symbols, ...(unitId === undefined ? {} : { unitId }) },
        repeatable: false,
      }),
    keys: {
      list: (paging: Paging = {}): Promise<Page<ApiKey>> => get('/keys', page(ApiKey), paging),
      create: (body: CreateKeyRequest) => api('/keys', CreatedApiKey, { method: 'POST', body, repeatable: false }),
      revoke: (id: string) => api(`/keys/${enc(id)}`, ApiKey, { method: 'DELETE' }),
    },
    audit: {
      list: (query: Paging & { subject?: string | undefined; by?: string | undefined } = {}): Promise<Page<AuditEntry>> =>
        get('/audit', page(AuditEntry), query),
    },
  }
}

const enc = encodeURIComponent

function address(base: string, path: string, query: Call['query'] = {}): string {
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
