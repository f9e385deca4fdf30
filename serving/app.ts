import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { routePath } from 'hono/route'
import { QuantloopError } from '#contracts/errors.ts'
import { authenticate } from './authenticate.ts'
import { refuse } from './errors.ts'
import { openInference } from './open-inference/routes.ts'
import { predictBySymbol } from './predict-by-symbol.ts'
import { readFeatures } from './read-features.ts'
import type { ServingWorld } from './world.ts'

/** A thousand rows of Alpha360 as JSON text. */
const maxBodyBytes = 8 * 2 ** 20

/** The inference server without a port: Open Inference Protocol under /v2, predictions by symbol under /v1. */
export function createServingApp(world: ServingWorld, version: string): Hono {
  const { replica, metrics, logger } = world
  const app = new Hono()
  app.use(async (c, next) => {
    const stop = metrics.requestSeconds.startTimer()
    await next()
    stop({ method: c.req.method, route: routePath(c, -1), status: c.res.status })
  })
  app.use(authenticate(replica))
  app.use(bodyLimit({ maxSize: maxBodyBytes, onError: tooLarge }))
  app.route('/v2', openInference(world, version))
  app.post('/v1/endpoints/:name/predict', predictBySymbol(world))
  app.get('/v1/endpoints/:name/features/:symbol', readFeatures(world))
  app.get('/metrics', async (c) => c.text(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }))
  app.notFound((c) => refuse(logger)(new QuantloopError('not_found', `there is nothing at ${c.req.method} ${c.req.path}`), c))
  app.onError(refuse(logger))
  return app
}

function tooLarge(): never {
  throw new QuantloopError('body_too_large', `the body is larger than ${maxBodyBytes / 2 ** 20} MiB: ask about fewer rows at once`)
}
