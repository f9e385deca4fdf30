import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Role, roleAtLeast } from '#contracts/access.ts'
import { CorporateAction } from '#contracts/datasets.ts'
import { FeatureDefinition, reservedColumns } from '#contracts/features.ts'
import { ModelVersionName } from '#contracts/models.ts'
import { objectKey, ObjectRef, UploadUri } from '#contracts/references.ts'
import { Name, Session, SessionRange, Ticker, Timestamp } from '#contracts/words.ts'

const refuses = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  expect(schema.safeParse(value).success).toBe(false)
const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  expect(schema.safeParse(value).success).toBe(true)

describe('names', () => {
  test.each(['a', 'us-daily', `a${'b'.repeat(62)}`])('takes %s', (name) => accepts(Name, name))
  test.each(['', 'A', '1a', '-a', 'a_b', 'a/b', 'a.b', '../a', 'a b', 'ä', `a${'b'.repeat(63)}`, 'a\n'])('refuses %j', (name) =>
    refuses(Name, name),
  )
})

describe('tickers', () => {
  test.each(['AAPL', 'BRK.B', '^GSPC', '000001.SZ', 'EURUSD=X', 'BTC-USD'])('takes %s', (ticker) => accepts(Ticker, ticker))
  test.each(['', 'aapl', 'A B', '../A', 'A/B', 'A'.repeat(21), '.A', 'A\n'])('refuses %j', (ticker) => refuses(Ticker, ticker))
})

describe('days and times', () => {
  test.each(['2008-02-29', '2000-02-29'])('takes the session %s', (session) => accepts(Session, session))
  test.each(['2007-02-29', '2008-13-01', '08-05-30', '2008-05-30T00:00:00Z', ' 2008-05-30'])('refuses the session %j', (session) =>
    refuses(Session, session),
  )
  test.each(['2008-05-30T20:00:00Z', '2008-05-30T16:00:00.000-04:00'])('takes the time %s', (time) => accepts(Timestamp, time))
  test.each(['2008-05-30T20:00:00', '2008-05-30', '20:00'])('refuses the time %s, which has no zone', (time) => refuses(Timestamp, time))
  test('a range does not run backwards', () => {
    accepts(SessionRange, { from: '2008-05-30', to: '2008-05-30' })
    refuses(SessionRange, { from: '2008-05-30', to: '2008-05-29' })
  })
})

describe('references', () => {
  test('a key made from a hash is a key', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{64}$/), (sha256) => {
        accepts(ObjectRef, { uri: objectKey(sha256, 'arrow'), sha256, bytes: 0 })
      }),
    )
  })
  test.each(['objects/../../etc/passwd', 'uploads/../objects/aa', 'uploads/x', ''])('refuses the upload key %j', (uri) =>
    refuses(UploadUri, uri),
  )
  test.each(['objects/aa/../bb.json', '/objects/aa/x.json', `objects/aa/${'a'.repeat(64)}.json/..`])('refuses the object key %j', (uri) =>
    refuses(ObjectRef, { uri, sha256: 'a'.repeat(64), bytes: 1 }),
  )
})

describe('features and models', () => {
  test.each(reservedColumns)('no feature may be named %s', (name) => refuses(FeatureDefinition, { name, expression: '$close' }))
  test.each(['range@1', 'tomorrows-range@999999999'])('takes the version %s', (name) => accepts(ModelVersionName, name))
  test.each(['range', 'range@0', 'range@01', 'range@-1', 'range@1.5', '@1', 'Range@1'])('refuses the version %s', (name) =>
    refuses(ModelVersionName, name),
  )
  test('an action has a positive ratio or cash', () => {
    const split = { symbol: 'AAPL', exDate: '2005-02-28', kind: 'split', knownAt: '2005-02-28T00:00:00Z', basis: 'derived' }
    accepts(CorporateAction, { ...split, ratio: 2 })
    refuses(CorporateAction, { ...split, ratio: 0 })
    refuses(CorporateAction, { ...split, ratio: Number.NaN })
    refuses(CorporateAction, { ...split, kind: 'spin-off', ratio: 2 })
  })
})

test('roles are ordered', () => {
  const held = Role.options.map((role) => Role.options.filter((needed) => roleAtLeast(role, needed)).length)
  expect(held).toEqual([1, 2, 3, 4])
  expect(roleAtLeast('operator', 'approver')).toBe(false)
})
