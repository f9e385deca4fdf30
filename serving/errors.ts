import type { Context } from 'hono'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { httpStatusOf, QuantloopError } from '#contracts/errors.ts'
import type { Problem } from '#contracts/problems.ts'

/** The Open Inference Protocol knows one status for a request that is wrong, and one object for every error. */
const protocolStatus = (status: number) => (status === 422 ? 400 : status)

export const refuse =
  (logger: Logger) =>
  (error: Error, c: Context): Response => {
    const known = explain(error)
    const status = httpStatusOf[known.code]
    if (status >= 500) logger.error({ err: error, path: c.req.path }, known.message)
    const headers = new Headers(known.code === 'unauthenticated' ? { 'www-authenticate': 'Bearer realm="quantloop"' } : {})
    if (/^\/v2(\/|$)/.test(c.req.path)) {
      headers.set('content-type', 'application/json')
      return new Response(JSON.stringify({ error: known.message }), { status: protocolStatus(status), headers })
    }
    headers.set('content-type', 'application/problem+json')
    return new Response(JSON.stringify(problemOf(known, c.req.path)), { status, headers })
  }

const problemOf = (error: QuantloopError, instance: string): Problem => ({
  type: `urn:quantloop:problem:${error.code}`,
  title: error.code.replaceAll('_', ' '),
  status: httpStatusOf[error.code],
  detail: error.message,
  code: error.code,
  instance,
  ...(Object.keys(error.place).length === 0 ? {} : { place: error.place }),
})

function explain(error: Error): QuantloopError {
  if (error instanceof QuantloopError) return error
  return new QuantloopError('internal', 'something failed on our side; the log of the serving process says what', {}, { cause: error })
}

/**
 * The body as the contract has it.
 * @throws QuantloopError unsupported_media_type | malformed_request | invalid_request
 */
export async function readBody<T extends z.ZodType>(c: Context, schema: T): Promise<z.infer<T>> {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new QuantloopError('unsupported_media_type', `the body is ${type === '' ? 'of no type' : type}: send it as application/json`)
  let content: unknown
  try {
    content = await c.req.json()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new QuantloopError('malformed_request', `the body is no JSON: ${error.message}`)
  }
  const parsed = schema.safeParse(content)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
  throw new QuantloopError('invalid_request', issues.join('; '))
}
