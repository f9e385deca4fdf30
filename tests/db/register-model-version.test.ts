import { randomUUID } from 'node:crypto'
import { and, eq, like } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { QuantloopError } from '#contracts/errors.ts'
import type { Evaluation } from '#contracts/training.ts'
import { closeTrainingRun } from '#db/commands/close-training-run.ts'
import { decideModelVersion } from '#db/commands/decide-model-version.ts'
import { openTrainingRun } from '#db/commands/open-training-run.ts'
import { type Candidate, registerModelVersion } from '#db/commands/register-model-version.ts'
import { listModelVersions } from '#db/queries/models.ts'
import { findTrainingRun } from '#db/queries/training-runs.ts'
import { audit } from '#db/schema.ts'
import { recipe } from '#tests/support/fitted-build.ts'
import { testDatabase } from '#tests/support/services.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

const hash = 'c'.repeat(64)
const object = { uri: `objects/cc/${hash}.onnx`, sha256: hash, bytes: 1 }
const evaluation = { gate: { passed: true, reason: 'better than every baseline' } } as Evaluation

const openRun = async (name: string): Promise<Candidate> => {
  const runId = randomUUID()
  await openTrainingRun(database.db, { runId, modelName: name, recipe, origin: { by: 'ann', bodySha256: hash } })
  return { runId, name, onnx: object, sidecar: object, featureHash: hash, snapshotId: hash, buildId: hash, dataset: 'us-daily', evaluation }
}

const twenty = <T>(act: (index: number) => Promise<T>) => Promise.allSettled(Array.from({ length: 20 }, (_, index) => act(index)))
const auditRows = (subject: string) => database.db.select().from(audit).where(like(audit.subject, subject))
const command = (by: string) => ({ commandId: randomUUID(), by })
const versionsOf = async (name: string) => (await listModelVersions(database.db, { name, limit: 100 })).items

const codeOf = async (act: Promise<unknown>) => {
  const error = await act.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(QuantloopError)
  return (error as QuantloopError).code
}

describe('registration', () => {
  it('of one run, twenty at once: one version, one audit row, one answer', async () => {
    const candidate = await openRun('raced')
    const answers = await twenty(() => registerModelVersion(database.db, candidate))
    expect(answers).toEqual(answers.map(() => ({ status: 'fulfilled', value: 1 })))
    expect(await versionsOf('raced')).toMatchObject([{ version: 1, stage: 'testing', runId: candidate.runId }])
    expect(await auditRows('model-version/raced@%')).toMatchObject([{ action: 'register', by: 'ann', commandId: candidate.runId }])
    expect((await findTrainingRun(database.db, candidate.runId))?.modelVersion).toBe(1)
  })

  it('of twenty runs of one model at once: twenty versions without a gap', async () => {
    const candidates = await Promise.all(Array.from({ length: 20 }, () => openRun('numbered')))
    await twenty((index) => registerModelVersion(database.db, candidates[index]!))
    expect((await versionsOf('numbered')).map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, index) => 20 - index))
    expect(await auditRows('model-version/numbered@%')).toHaveLength(20)
  })

  it('is refused to a run that has ended', async () => {
    const candidate = await openRun('late')
    await closeTrainingRun(database.db, { runId: candidate.runId, state: 'stopped', by: 'ann', reason: 'stopped by ann' })
    expect(await codeOf(registerModelVersion(database.db, candidate))).toBe('run_closed')
    expect(await versionsOf('late')).toEqual([])
  })
})

describe('a decision', () => {
  const registered = async (name: string) => {
    const candidate = await openRun(name)
    await registerModelVersion(database.db, candidate)
    return candidate.runId
  }

  it('made twenty times at once lands once, and each try hears the same', async () => {
    const runId = await registered('approved')
    const approval = { runId, verdict: 'approve', command: command('bea') } as const
    const answers = await twenty(() => decideModelVersion(database.db, approval))
    expect(answers).toEqual(answers.map(() => ({ status: 'fulfilled', value: { version: 1 } })))
    expect(await versionsOf('approved')).toMatchObject([{ stage: 'staging' }])
    expect((await auditRows('model-version/approved@1')).map(({ action }) => action)).toEqual(['register', 'transition'])
  })

  it('made both ways at once: one stands, the other is told', async () => {
    const runId = await registered('torn')
    const answers = await twenty((index) =>
      decideModelVersion(database.db, { runId, verdict: index % 2 === 0 ? 'approve' : 'reject', command: command('bea') }),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [(answer.reason as QuantloopError).code] : []))
    expect(new Set(refusals)).toEqual(new Set(['already_decided']))
    const [version] = await versionsOf('torn')
    const run = await findTrainingRun(database.db, runId)
    expect([`${run?.state} ${version?.stage}`]).toEqual([run?.state === 'approved' ? 'approved staging' : 'rejected archived'])
    expect((await auditRows('model-version/torn@1')).map(({ action }) => action)).toEqual(['register', 'transition'])
  })

  it('is a conflict after the other one, and before a version is there', async () => {
    const runId = await registered('rejected')
    await decideModelVersion(database.db, { runId, verdict: 'reject', command: command('bea') })
    expect(await codeOf(decideModelVersion(database.db, { runId, verdict: 'approve', command: command('cal') }))).toBe('already_decided')
    const early = await openRun('early')
    expect(await codeOf(decideModelVersion(database.db, { runId: early.runId, verdict: 'approve', command: command('cal') }))).toBe(
      'nothing_to_decide',
    )
  })

  it('and a stop, raced: the version is at staging or archived, as the run says, and never in between', async () => {
    const runId = await registered('stopped')
    await twenty<unknown>((index) =>
      index % 2 === 0
        ? decideModelVersion(database.db, { runId, verdict: 'approve', command: command('bea') })
        : closeTrainingRun(database.db, { runId, state: 'stopped', by: 'cal', reason: 'stopped by cal' }),
    )
    const [version] = await versionsOf('stopped')
    const run = await findTrainingRun(database.db, runId)
    expect([`${run?.state} ${version?.stage}`]).toEqual([run?.state === 'approved' ? 'approved staging' : 'stopped archived'])
    const moves = await database.db
      .select()
      .from(audit)
      .where(and(eq(audit.subject, 'model-version/stopped@1'), eq(audit.action, 'transition')))
    expect(moves).toHaveLength(1)
  })
})
