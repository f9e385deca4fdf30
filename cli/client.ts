/** The API as functions. Answers are parsed by the contracts; a problem becomes a QuantloopError with its code and place. */
import { z } from 'zod'
import { ApiKey, AuditEntry, CreatedApiKey } from '#contracts/access.ts'
import { Dataset, QuarantinedRow, Snapshot, Sync } from '#contracts/datasets.ts'
import { Deployment, Endpoint, EndpointSpell, Rollback } from '#contracts/deployments.ts'
import { FeatureBuild } from '#contracts/features.ts'
import { Model, ModelVersion } from '#contracts/models.ts'
import { PredictionRecord, type PredictRequest, PredictResponse, Trace } from '#contracts/predictions.ts'
import { page } from '#contracts/problems.ts'
import { QualityReport } from '#contracts/quality.ts'
import {
  type BuildRequest,
  type CreateKeyRequest,
  type DeployRequest,
  type RollbackRequest,
  type SyncRequest,
  type TrainRequest,
} from '#contracts/requests.ts'
import { StandingBuild, type StandingBuildRequest } from '#contracts/standing-builds.ts'
import { ProgressPoint, TrainingRun } from '#contracts/training.ts'
import { featureCheckResources } from './feature-check-resources.ts'
import { featureExportResources } from './feature-export-resources.ts'
import { featureStatisticsResources } from './feature-statistics-resources.ts'
import { featureJoinResources } from './feature-join-resources.ts'
import { featureSetResources } from './feature-set-resources.ts'
import { liveResources } from './live-resources.ts'
import { scheduleResources } from './schedule-resources.ts'
import { snapshotResources, versionResources } from './snapshot-resources.ts'
import { endpointSupervision, supervisionResources } from './supervision-resources.ts'
import { uploadResources } from './upload-resources.ts'
import { address, type ApprovalVerb, type ClientOptions, createTransport, type Page, type Paging, type RunVerb } from './transport.ts'

export type { ApprovalVerb, ClientOptions, Page, Paging, RunVerb } from './transport.ts'

export type ApiClient = ReturnType<typeof createClient>

export function createClient(options: ClientOptions) {
  const transport = createTransport(options)
  const { ask, api, get, start, tell } = transport
  const live = liveResources(options, transport)

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
      ...versionResources(transport),
    },
    uploads: uploadResources(transport),
    snapshots: {
      list: (query: Paging & { dataset?: string | undefined } = {}): Promise<Page<Snapshot>> => get('/snapshots', page(Snapshot), query),
      find: (id: string) => get(`/snapshots/${enc(id)}`, Snapshot),
      quality: (dataset: string, id: string) => get(`/datasets/${enc(dataset)}/snapshots/${enc(id)}/quality`, QualityReport),
      /** a whole HTML document */
      qualityPage: (dataset: string, id: string): Promise<string> =>
        api(`/datasets/${enc(dataset)}/snapshots/${enc(id)}/quality/report`, z.string(), { accept: 'text/html' }),
    },
    featureSets: featureSetResources(transport),
    featureExports: featureExportResources(transport),
    featureChecks: featureCheckResources(transport),
    featureJoins: featureJoinResources(transport),
    featureStatistics: featureStatisticsResources(transport),
    featureBuilds: {
      list: (query: Paging & { dataset?: string | undefined } = {}): Promise<Page<FeatureBuild>> =>
        get('/feature-builds', page(FeatureBuild), query),
      find: (id: string) => get(`/feature-builds/${enc(id)}`, FeatureBuild),
      create: (body: z.input<typeof BuildRequest>, idempotencyKey?: string) => start('/feature-builds', FeatureBuild, body, idempotencyKey),
      events: live.ofBuild,
      tell: (id: string, verb: RunVerb, reason?: string) => tell(`/feature-builds/${enc(id)}`, verb, reason),
    },
    standingBuilds: {
      list: (dataset: string, paging: Paging = {}): Promise<Page<StandingBuild>> =>
        get(`/datasets/${enc(dataset)}/standing-builds`, page(StandingBuild), paging),
      follow: (dataset: string, body: z.input<typeof StandingBuildRequest>, idempotencyKey?: string): Promise<StandingBuild> =>
        start(`/datasets/${enc(dataset)}/standing-builds`, StandingBuild, body, idempotencyKey),
      unfollow: (dataset: string, id: string) =>
        api(`/datasets/${enc(dataset)}/standing-builds/${enc(id)}`, StandingBuild, { method: 'DELETE' }),
    },
    trainingRuns: {
      list: (query: Paging & { model?: string | undefined; state?: string | undefined } = {}): Promise<Page<TrainingRun>> =>
        get('/training-runs', page(TrainingRun), query),
      find: (id: string) => get(`/training-runs/${enc(id)}`, TrainingRun),
      create: (body: z.input<typeof TrainRequest>, idempotencyKey?: string) => start('/training-runs', TrainingRun, body, idempotencyKey),
      events: live.ofTraining,
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
      history: (name: string, query: Paging & { at?: string | undefined } = {}): Promise<Page<EndpointSpell>> =>
        get(`/endpoints/${enc(name)}/history`, page(EndpointSpell), query),
      rollback: (name: string, body: RollbackRequest = {}, idempotencyKey?: string) =>
        start(`/endpoints/${enc(name)}/rollback`, Rollback, body, idempotencyKey),
      ...endpointSupervision(transport),
      events: live.ofEndpoint,
    },
    deployments: {
      list: (query: Paging & { endpoint?: string | undefined } = {}): Promise<Page<Deployment>> =>
        get('/deployments', page(Deployment), query),
      find: (id: string) => get(`/deployments/${enc(id)}`, Deployment),
      events: live.ofDeployment,
      create: (body: z.input<typeof DeployRequest>, idempotencyKey?: string) => start('/deployments', Deployment, body, idempotencyKey),
      tell: (id: string, verb: RunVerb | ApprovalVerb | 'promote', reason?: string) => tell(`/deployments/${enc(id)}`, verb, reason),
      rollback: (id: string, reason?: string, idempotencyKey?: string) =>
        start(`/deployments/${enc(id)}/rollback`, Rollback, reason === undefined ? {} : { reason }, idempotencyKey),
    },
    ...snapshotResources(transport),
    ...supervisionResources(transport),
    ...scheduleResources(transport),
    predictions: {
      list: (query: Paging & { endpoint?: string | undefined } = {}): Promise<Page<PredictionRecord>> =>
        get('/predictions', page(PredictionRecord), query),
      find: (id: string) => get(`/predictions/${enc(id)}`, PredictionRecord),
      trace: (id: string): Promise<Trace> => start(`/predictions/${enc(id)}/trace`, Trace, undefined),
    },
    /** Asks a serving process, not the API. Each asking is a new prediction, so it is not repeated. */
    predict: (endpoint: string, symbols: string[], only: Pick<PredictRequest, 'session' | 'unitId'> = {}): Promise<PredictResponse> =>
      ask(address(options.servingUrl, `/v1/endpoints/${enc(endpoint)}/predict`), PredictResponse, {
        method: 'POST',
        body: { symbols, ...only },
        repeatable: false,
      }),
    keys: {
      list: (paging: Paging = {}): Promise<Page<ApiKey>> => get('/keys', page(ApiKey), paging),
      create: (body: CreateKeyRequest) => api('/keys', CreatedApiKey, { method: 'POST', body, repeatable: false }),
      revoke: (id: string) => api(`/keys/${enc(id)}`, ApiKey, { method: 'DELETE' }),
    },
    audit: {
      list: (query: Paging & AuditFilter = {}): Promise<Page<AuditEntry>> => get('/audit', page(AuditEntry), query),
    },
  }
}

export type AuditFilter = { [Name in 'subject' | 'action' | 'by' | 'from' | 'to']?: string | undefined }

const enc = encodeURIComponent
