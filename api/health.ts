import { createRoute, z } from '@hono/zod-openapi'
import { QuantloopError } from '#contracts/errors.ts'
import { assertMigrated } from '#db/migrate.ts'
import type { Api, AppDependencies } from './dependencies.ts'
import { explain } from './errors.ts'
import { answers } from './operation.ts'

const Readiness = z
  .strictObject({ ready: z.boolean(), missing: z.record(z.string(), z.string()).meta({ description: 'Part → why it is not ready' }) })
  .meta({ id: 'Readiness' })

const live = createRoute({
  method: 'get',
  path: '/health/live',
  tags: ['health'],
  summary: 'The process answers',
  security: [],
  responses: { 200: answers(z.strictObject({ live: z.literal(true) }), 'It does') },
})

const ready = createRoute({
  method: 'get',
  path: '/health/ready',
  tags: ['health'],
  summary: 'PostgreSQL, Temporal and the object store answer too',
  security: [],
  responses: { 200: answers(Readiness, 'All of them'), 503: answers(Readiness, 'Some do not') },
})

const checkMs = 2_000

export function health(app: Api, { db, temporal, objects }: AppDependencies): void {
  app.openapi(live, (c) => c.json({ live: true as const }, 200))
  app.openapi(ready, async (c) => {
    const checks = {
      postgresql: async () => {
        await db.execute('select 1')
        await assertMigrated(db)
      },
      temporal: () => temporal.withDeadline(Date.now() + checkMs, () => temporal.workflowService.getSystemInfo({})),
      objectStore: () => objects.health(),
    }
    const reasons = await Promise.all(
      Object.entries(checks).map(async ([part, check]) => {
        try {
          await within(checkMs, check())
          return []
        } catch (error) {
          return [[part, explain(error).message] as const]
        }
      }),
    )
    const missing = Object.fromEntries(reasons.flat())
    return reasons.flat().length === 0 ? c.json({ ready: true, missing }, 200) : c.json({ ready: false, missing }, 503)
  })
}

/** A server that hangs counts as away. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new QuantloopError('unavailable', `no answer within ${ms / 1000} s`)), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
