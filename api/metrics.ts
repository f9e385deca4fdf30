import { z } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'
import type { Api, AppDependencies, AppEnv } from './dependencies.ts'
import { operation } from './operation.ts'

const scrape = operation('viewer', {
  method: 'get',
  path: '/metrics',
  tags: ['health'],
  summary: 'Metrics in the text format of Prometheus',
  responses: { 200: { description: 'Metrics', content: { 'text/plain': { schema: z.string() } } } },
})

/** Requests are counted by their route, never by their path: ids would make a series each. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'quantloop_api_requests_total',
    help: 'Answered requests by method, route and status',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'quantloop_api_request_seconds',
    help: 'Time to answer by method and route',
    labelNames: ['method', 'route'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })

  const measure: MiddlewareHandler<AppEnv> = async (c, next) => {
    const end = seconds.startTimer()
    await next()
    const route = routePath(c, -1)
    const labels = { method: c.req.method, route: route === '*' || route === '/*' ? 'none' : route }
    end(labels)
    requests.inc({ ...labels, status: c.res.status })
  }

  const routes = (app: Api, _: AppDependencies): void => {
    app.openapi(scrape, async (c) => c.text(await registry.metrics(), 200, { 'content-type': registry.contentType }))
  }

  return { measure, routes }
}
