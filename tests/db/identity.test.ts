import { createHash, randomBytes } from 'node:crypto'
import { eq } from 'drizzle-orm'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { admitFirstKey, createApiKey } from '#db/commands/identity/create-api-key.ts'
import { grantTrainer } from '#db/roles.ts'
import { apiKey, audit } from '#db/schema.ts'
import { testDatabase } from '#tests/support/services.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database?.drop())

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('API keys', () => {
  it('are 32 random bytes, stored as their hash, with an audit row', async () => {
    const { id, key, role } = await createApiKey(database.db, { name: 'ci', role: 'operator', by: 'key/someone' })
    expect(key).toMatch(/^ql_[\w-]{43}$/)
    expect(role).toBe('operator')
    const [row] = await database.db.select().from(apiKey).where(eq(apiKey.id, id))
    expect(row).toMatchObject({ name: 'ci', role: 'operator', keySha256: sha256(key), revokedAt: null })
    expect(JSON.stringify(row)).not.toContain(key)
    const written = await database.db
      .select()
      .from(audit)
      .where(eq(audit.subject, `key/${id}`))
    expect(written).toMatchObject([{ by: 'key/someone', action: 'create-key', detail: { name: 'ci', role: 'operator' } }])
  })

  it('the first one is admitted once, and stays revoked when it was', async () => {
    const key = `ql_${randomBytes(32).toString('base64url')}`
    await Promise.all([admitFirstKey(database.db, key), admitFirstKey(database.db, key)])
    const found = () =>
      database.db
        .select()
        .from(apiKey)
        .where(eq(apiKey.keySha256, sha256(key)))
    const [row] = await found()
    expect(await found()).toHaveLength(1)
    expect(row).toMatchObject({ role: 'admin' })
    expect(
      await database.db
        .select()
        .from(audit)
        .where(eq(audit.subject, `key/${row!.id}`)),
    ).toHaveLength(1)
    await database.db.update(apiKey).set({ revokedAt: '2026-01-01T00:00:00.000Z' }).where(eq(apiKey.id, row!.id))
    await admitFirstKey(database.db, key)
    expect((await found())[0]?.revokedAt).not.toBeNull()
  })
})

describe("the trainer's role", () => {
  const name = `trainer_${randomBytes(6).toString('hex')}`
  let trainer: pg.Client

  beforeAll(async () => {
    await grantTrainer(database.db, { name, password: "an old one's" })
    await grantTrainer(database.db, { name, password: "o'clock" })
    trainer = new pg.Client(Object.assign(new URL(database.url), { username: name, password: encodeURIComponent("o'clock") }).toString())
    await trainer.connect()
  })
  afterAll(async () => {
    await trainer?.end()
    await database.pool.query(`drop owned by ${name}; drop role ${name}`)
  })

  const runId = '00000000-0000-4000-8000-000000000001'

  it('writes its two tables', async () => {
    await trainer.query(
      `insert into training_progress (run_id, step, phase, round, total_rounds, metrics, executed) values ($1, 1, 'search', 1, 10, '{}', 1)
       on conflict (run_id, step) do update set executed = excluded.executed`,
      [runId],
    )
    await trainer.query(
      `insert into training_checkpoint (run_id, block, phase, round, executed, object) values ($1, 1, 'search', 1, 1, '{}')`,
      [runId],
    )
    expect((await trainer.query('select * from training_progress join training_checkpoint using (run_id)')).rowCount).toBe(1)
  })

  it.each([
    ['read keys', 'select * from api_key'],
    ['read models', 'select * from model_version'],
    ['register a model', "insert into model (name) values ('mine')"],
    ['write the audit', "insert into audit (by, action, subject, command_id) values ('me', 'a', 'b', gen_random_uuid())"],
    ['rewrite its progress', 'update training_progress set round = 99'],
    ['delete its checkpoints', 'delete from training_checkpoint'],
    ['change the schema', 'create table mine (n int)'],
  ])('may not %s', async (_, statement) => {
    await expect(trainer.query(statement)).rejects.toMatchObject({ code: '42501' })
  })
})
