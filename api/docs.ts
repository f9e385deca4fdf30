/** The OpenAPI document and its reference page. The page's script comes from the installed package: it works offline. */
import { createReadStream, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { Scalar } from '@scalar/hono-api-reference'
import type { Api, AppDependencies } from './dependencies.ts'

const require = createRequire(import.meta.url)

/** Scalar's fastify package is the one that carries the whole script as a file, without the packages it is built from. */
const scalarScript = () => join(dirname(require.resolve('@scalar/fastify-api-reference')), 'js', 'standalone.js')

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  "connect-src 'self'",
  'img-src data:',
  'font-src data:',
].join('; ')

export function docs(app: Api, { version }: AppDependencies): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: '`Authorization: Bearer ql_…`',
  })

  app.get('/openapi.json', (c) =>
    c.json(
      app.getOpenAPI31Document({
        openapi: '3.1.1',
        info: {
          title: 'quantloop',
          version,
          description: 'The whole life of a stock-prediction model as durable, pausable processes.',
          license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
        },
        servers: [{ url: '/' }],
      }),
    ),
  )

  app.use('/docs', async (c, next) => {
    await next()
    c.header('content-security-policy', contentSecurityPolicy)
  })
  app.get(
    '/docs',
    Scalar({
      url: '/openapi.json',
      cdn: '/docs/scalar.js',
      pageTitle: 'quantloop API',
      withDefaultFonts: false,
      telemetry: false,
      // these lead to a service of Scalar's, which this page may not reach
      agent: { disabled: true },
      showDeveloperTools: 'never',
      hideClientButton: true,
    }),
  )

  app.get('/docs/scalar.js', (c) => {
    const file = scalarScript()
    c.header('content-type', 'text/javascript; charset=utf-8')
    c.header('content-length', String(statSync(file).size))
    c.header('cache-control', 'public, max-age=86400')
    return c.body(Readable.toWeb(createReadStream(file)) as ReadableStream)
  })
}
