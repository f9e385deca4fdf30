import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { PredictionLog } from './prediction-log/prediction-log.ts'
import type { Replica } from './replica.ts'

/** Requests are counted by their route, never by their path. */
export function createServingMetrics({ replica, log }: { replica: Replica; log: PredictionLog }) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const logBytes = new Gauge({
    name: 'quantloop_serving_log_bytes',
    help: 'Predictions on the local disk that PostgreSQL does not have yet, in bytes',
    registers: [],
    collect() {
      this.set(log.size)
    },
  })
  const activeRevision = new Gauge({
    name: 'quantloop_serving_active_revision',
    help: 'The revision that this replica answers with, by endpoint',
    labelNames: ['endpoint'] as const,
    registers: [],
    collect() {
      this.reset()
      for (const [endpoint, revision] of Object.entries(replica.routes.acknowledgement().active)) this.set({ endpoint }, revision)
    },
  })
  const stale = new Gauge({
    name: 'quantloop_serving_stale',
    help: '1 while the endpoint answers from what was last known, by endpoint',
    labelNames: ['endpoint'] as const,
    registers: [],
    collect() {
      this.reset()
      for (const [endpoint, revision] of Object.entries(replica.routes.acknowledgement().active))
        this.set({ endpoint }, replica.isStale(endpoint, revision) ? 1 : 0)
    },
  })
  const share = new Gauge({
    name: 'quantloop_serving_canary_share',
    help: 'The part of requests that this replica gives to a canary, by endpoint',
    labelNames: ['endpoint'] as const,
    registers: [],
    collect() {
      this.reset()
      for (const [endpoint, part] of Object.entries(replica.routes.acknowledgement().share)) this.set({ endpoint }, part)
    },
  })
  for (const gauge of [logBytes, activeRevision, stale, share]) registry.registerMetric(gauge)
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'quantloop_serving_request_seconds',
      help: 'Time to answer by method, route and status',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers: [registry],
    }),
    predictions: new Counter({
      name: 'quantloop_serving_predictions_total',
      help: 'Answered predictions by endpoint, model, version and arm (active or canary)',
      labelNames: ['endpoint', 'model', 'version', 'arm'] as const,
      registers: [registry],
    }),
    errors: new Counter({
      name: 'quantloop_serving_errors_total',
      help: 'Requests that failed at a version, by endpoint, model, version and arm (active or canary)',
      labelNames: ['endpoint', 'model', 'version', 'arm'] as const,
      registers: [registry],
    }),
  }
}

export type ServingMetrics = ReturnType<typeof createServingMetrics>
