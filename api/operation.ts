import { createRoute, z, type RouteConfig } from '@hono/zod-openapi'
import type { Role } from '#contracts/access.ts'
import { Problem } from '#contracts/problems.ts'

const ProblemSchema = Problem.meta({ id: 'Problem' })
const problem = (description: string) => ({ description, content: { 'application/problem+json': { schema: ProblemSchema } } })

/** What every operation may be refused with. */
const refusals = {
  401: problem('No API key, or one that is unknown or revoked'),
  403: problem("The key's role is too small"),
  422: problem('A parameter, field or header is unknown or has a wrong value'),
  429: problem('Too many requests with a wrong key'),
  500: problem('A fault of ours: the log says more'),
  503: problem('PostgreSQL, Temporal or the object store is away: try again'),
} as const

const bodyRefusals = {
  400: problem('The body is not JSON'),
  413: problem('The body is too large'),
  415: problem('The body is not application/json'),
} as const

export const answers = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

export const notFound = { 404: problem('There is nothing by this name or id') } as const
export const conflict = { 409: problem('The state of the run or resource does not allow it') } as const

export const jsonBody = <T extends z.ZodType>(schema: T, required = true) => ({
  body: { required, content: { 'application/json': { schema } } },
  headers: idempotencyHeaders,
})

export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, '1 to 200 visible ASCII characters')
    .optional()
    .meta({ description: 'A repeat with the same key and body is answered by the same run; another body is refused.' }),
})

/**
 * An operation says its smallest role where it is defined; the auth layer reads it from there, and refuses a route that
 * says none.
 */
export const operation = <R extends RouteConfig>(role: Role, route: R) =>
  createRoute({
    ...route,
    security: [{ apiKey: [] }],
    description: [route.description, `Needs the role \`${role}\`.`].filter(Boolean).join(' '),
    'x-required-role': role,
    responses: { ...refusals, ...(route.request?.body ? bodyRefusals : {}), ...route.responses },
  })

/** Query parameters of every list; a list adds its filters. */
export const listing = <T extends z.ZodRawShape>(filters: T) =>
  z.strictObject({
    limit: z.coerce.number().pipe(z.int().min(1).max(200)).default(50).meta({ type: 'integer', minimum: 1, maximum: 200 }),
    after: z.string().min(1).max(500).optional().meta({ description: 'The `nextCursor` of the page before.' }),
    ...filters,
  })

/** A query parameter that is `true` or `false`. */
export const flag = (description: string) =>
  z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .meta({ type: 'boolean', description })
