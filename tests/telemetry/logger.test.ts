import { describe, expect, it } from 'vitest'
import { QuantloopError } from '#contracts/errors.ts'
import { createLogger } from '#telemetry/logger.ts'

const key = `ql_${'k'.repeat(43)}`

function logged(write: (log: ReturnType<typeof createLogger>) => void): { line: string; fields: Record<string, unknown> } {
  const lines: string[] = []
  write(createLogger('api', 'info', { write: (line: string) => void lines.push(line) }))
  expect(lines).toHaveLength(1)
  return { line: lines[0]!, fields: JSON.parse(lines[0]!) as Record<string, unknown> }
}

describe('createLogger', () => {
  it('writes one JSON line with its name, level and time', () => {
    const { fields } = logged((log) => {
      log.debug('not asked for')
      log.warn({ symbol: 'AAPL' }, 'late bar')
    })
    expect(fields).toMatchObject({ name: 'api', level: 'warn', symbol: 'AAPL', msg: 'late bar', pid: process.pid })
    expect(new Date(String(fields.time)).toISOString()).toBe(fields.time)
  })

  it("writes an error's code and place", () => {
    const { fields } = logged((log) =>
      log.error({ err: new QuantloopError('object_corrupt', 'bad bytes', { object: 'objects/ab' }) }, 'read failed'),
    )
    expect(fields.err).toMatchObject({ code: 'object_corrupt', place: { object: 'objects/ab' }, message: 'bad bytes' })
  })

  it.each([
    ['a field', { secretKey: 'hunter2' }],
    ['a field deep inside', { config: { objectStore: { accessKey: 'hunter2' } } }],
    ['a header', { req: { headers: { authorization: 'Bearer hunter2' } } }],
    ['an address', { url: 'postgresql://me:hunter2@db/quantloop' }],
    ['an error', { err: new Error('connect to postgresql://me:hunter2@db:5432/quantloop failed') }],
  ])('masks a secret in %s', (_, fields) => {
    expect(logged((log) => log.info(fields, 'said')).line).not.toContain('hunter2')
  })

  it('masks an API key within a text, and keeps the line JSON', () => {
    const { line, fields } = logged((log) => log.info(`asked with ${key} twice: ${key}`))
    expect(line).not.toContain(key)
    expect(fields.msg).toBe('asked with ql_*** twice: ql_***')
  })
})
