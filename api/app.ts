import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { QuantloopError } from '#contracts/errors.ts'
import { authenticate } from './auth.ts'
import type { Api, AppDependencies, AppEnv } from './dependencies.ts'
import { docs } from './docs.ts'
import { problemResponse, refuseError, refuseInvalid } from './errors.ts'
import { health } from './health.ts'
import { createMetrics } from './metrics.ts'
import { alerts } from './routes/alerts.ts'
import { audit } from './routes/audit.ts'
import { collections } from './routes/collections.ts'
import { comparisons } from './routes/comparisons.ts'
import { datasetVersions } from './routes/dataset-versions.ts'
import { datasets } from './routes/datasets.ts'
import { deployments } from './routes/deployments.ts'
import { endpoints } from './routes/endpoints.ts'
import { events } from './routes/events.ts'
import { exports } from './routes/exports.ts'
import { featureBuilds } from './routes/feature-builds.ts'
import { featureChecks } from './routes/feature-checks.ts'
import { featureExports } from './routes/feature-exports.ts'
import { featureStatistics } from './routes/feature-statistics.ts'
import { featureJoins } from './routes/feature-joins.ts'
import { featureOverviews } from './routes/feature-overviews.ts'
import { featureSets } from './routes/feature-sets.ts'
import { keys } from './routes/keys.ts'
import { models } from './routes/models.ts'
import { monitors } from './routes/monitors.ts'
import { predictions } from './routes/predictions.ts'
import { retrains } from './routes/retrains.ts'
import { schedules } from './routes/schedules.ts'
import { snapshotListings } from './routes/snapshot-listings.ts'
import { snapshotQuality } from './routes/snapshot-quality.ts'
import { snapshots } from './routes/snapshots.ts'
import { trainingRunReports } from './routes/training-run-report.ts'
import { standingBuilds } from './routes/standing-builds.ts'
import { supervision } from './routes/supervision.ts'
import { trainingRuns } from './routes/training-runs.ts'
import { multipartUploads } from './routes/multipart-uploads.ts'
import { uploads } from './routes/uploads.ts'
import { verifications } from './routes/verifications.ts'

/** Bodies are recipes and names; files go to the object store. */
const maxBodyBytes = 256 * 1024

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/**
 * The API without a port. It authenticates, validates, starts, updates, queries and reads; every change of the domain
 * is a workflow's.
 */
export function createApp(deps: AppDependencies): Api {
  const app: Api = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid })
  const metrics = createMetrics()
  app.onError(refuseError(deps))
  app.notFound((c) => refuseUnrouted(app, c))
  app.use('*', metrics.measure)
  app.use('*', authenticate(app, deps))
  app.use('*', bodyLimit({ maxSize: maxBodyBytes, onError: refuseLarge }))
  for (const routes of [
    health,
    docs,
    metrics.routes,
    datasets,
    uploads,
    multipartUploads,
    snapshots,
    datasetVersions,
    comparisons,
    exports,
    verifications,
    collections,
    snapshotQuality,
    snapshotListings,
    featureSets,
    featureBuilds,
    featureExports,
    featureStatistics,
    featureChecks,
    featureOverviews,
    featureJoins,
    standingBuilds,
    trainingRuns,
    trainingRunReports,
    models,
    endpoints,
    deployments,
    supervision,
    retrains,
    monitors,
    alerts,
    schedules,
    events,
    predictions,
    keys,
    audit,
  ])
    routes(app, deps)
  return app
}

function refuseLarge(c: Context): Response {
  return problemResponse(
    c,
    new QuantloopError('body_too_large', `the body is larger than ${maxBodyBytes} bytes`, { limitBytes: maxBodyBytes }),
  )
}

/** No route: either nothing is there, or it is there for other methods. */
function refuseUnrouted(app: Api, c: Context): Response {
  const allowed = methods.filter((method) => app.router.match(method, c.req.path)[0].some(([[, route]]) => route.method !== 'ALL'))
  if (allowed.length === 0) return problemResponse(c, new QuantloopError('not_found', `there is nothing at ${c.req.path}: see /docs`))
  const allow = allowed.join(', ')
  return problemResponse(
    c,
    new QuantloopError('method_not_allowed', `${c.req.method} is not for ${c.req.path}: it takes ${allow}`, { allow }),
  )
}
