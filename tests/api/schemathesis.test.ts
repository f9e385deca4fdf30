/**
 * Schemathesis asks every operation with generated values, right and wrong, and checks that nothing fails on our side,
 * that every status is documented, and that every answer has its documented shape.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { z } from '@hono/zod-openapi'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '#api/app.ts'
import type { Api } from '#api/dependencies.ts'
import { answers, operation } from '#api/operation.ts'
import { testServices } from '#tests/support/services.ts'
import { quietRuntime } from '#tests/support/temporal.ts'
import { runOrchestration } from './worker.ts'
import { apiWorld, type ApiWorld, furnish } from './world.ts'

let world: ApiWorld
let endWorker: () => Promise<void>
beforeAll(async () => {
  quietRuntime()
  world = await apiWorld()
  await furnish(world)
  // runs that were started hear their commands
  endWorker = await runOrchestration(world)
})
afterAll(async () => {
  await endWorker?.()
  await world?.close()
})

test('schemathesis finds nothing', async () => {
  const { code, output } = await ask(world.app)
  expect(code, output).toBe(0)
  expect(output).toMatch(/Operations:\s+(\d{2,}) selected \/ \1 total/)
  expect(output).toMatch(/Test cases:\s+(\d{3,}) generated, \1 passed/)
  expect(output).not.toMatch(/Authentication failed|Rate limited/)
}, 600_000)

test('schemathesis finds an operation that does not keep its word', async () => {
  const app = createApp(world.deps)
  const planted = operation('viewer', {
    method: 'get',
    path: '/api/v1/planted',
    summary: 'Says yes or no',
    responses: { 200: answers(z.object({ yes: z.boolean() }), 'Yes or no') },
  })
  app.openapi(planted, (c) => c.json({ yes: 'perhaps' } as unknown as { yes: boolean }, 200))
  const { code, output } = await ask(app, '--include-path', '/api/v1/planted')
  expect(code, output).toBe(1)
  expect(output).toContain('Response violates schema')
}, 60_000)

async function ask(app: Api, ...options: string[]) {
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as { port: number }
  try {
    return await run(testServices().python, [
      ...['-m', 'schemathesis.cli', 'run', `http://127.0.0.1:${port}/openapi.json`],
      ...['--checks', 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance'],
      ...['--phases', 'examples,coverage,fuzzing', '--mode', 'all', '--max-examples', '5'],
      ...['--seed', '1', '--generation-deterministic', '--workers', '1'],
      ...['--header', `Authorization: Bearer ${world.keys.admin}`],
      ...options,
    ])
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

async function run(file: string, args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output: Buffer.concat(chunks).toString() }
}
