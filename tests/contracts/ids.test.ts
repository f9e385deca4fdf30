/** Ids come in pairs: what one function puts together, its inverse takes apart, whatever a legal name holds. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as ids from '#contracts/ids.ts'
import { Name } from '#contracts/words.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/)
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/)
const uuid = fc.uuid()

test('names as generated here are names', () => {
  fc.assert(fc.property(name, (value) => Name.safeParse(value).success))
})

describe('round trips', () => {
  test('sync', () => {
    fc.assert(fc.property(name, (dataset) => ids.datasetOfSync(ids.syncWorkflowId(dataset)) === dataset))
  })

  test('quality', () => {
    fc.assert(
      fc.property(name, sha256, (dataset, snapshotId) => {
        const id = ids.qualityWorkflowId(dataset, snapshotId)
        expect([ids.datasetOfQuality(id), ids.snapshotIdOfQuality(id)]).toEqual([dataset, snapshotId])
      }),
    )
  })

  test('features', () => {
    fc.assert(
      fc.property(sha256, sha256, (definitionHash, snapshotId) => {
        const id = ids.featuresWorkflowId(definitionHash, snapshotId)
        expect(ids.definitionHashOfFeatures(id)).toBe(definitionHash)
        expect([ids.snapshotIdOfFeatures(id), ids.asOfOfFeatures(id)]).toEqual([snapshotId, null])
      }),
    )
  })

  test('features of what was known at a time', () => {
    const instants = fc.date({ min: new Date('1990-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(sha256, sha256, instants, (definitionHash, snapshotId, instant) => {
        const asOf = instant.toISOString()
        const id = ids.featuresWorkflowId(definitionHash, snapshotId, asOf)
        expect([ids.definitionHashOfFeatures(id), ids.snapshotIdOfFeatures(id), ids.asOfOfFeatures(id)]).toEqual([
          definitionHash,
          snapshotId,
          asOf,
        ])
        expect(id).not.toBe(ids.featuresWorkflowId(definitionHash, snapshotId))
      }),
    )
  })

  test('training', () => {
    fc.assert(fc.property(uuid, (runId) => ids.runIdOfTraining(ids.trainingWorkflowId(runId)) === runId))
  })

  test('schedule', () => {
    fc.assert(fc.property(name, (schedule) => ids.nameOfSchedule(ids.scheduleId(schedule)) === schedule))
  })

  test('deployment', () => {
    fc.assert(
      fc.property(name, uuid, (endpoint, deploymentId) => {
        const id = ids.deploymentWorkflowId(endpoint, deploymentId)
        expect(ids.endpointOfDeployment(id)).toBe(endpoint)
        expect(ids.deploymentIdOfDeployment(id)).toBe(deploymentId)
        expect(ids.deploymentIdOfRollback(ids.rollbackWorkflowId(endpoint, deploymentId))).toBe(deploymentId)
      }),
    )
  })

  test('supervision and calibration', () => {
    fc.assert(fc.property(name, (endpoint) => ids.endpointOfSupervise(ids.superviseWorkflowId(endpoint)) === endpoint))
    fc.assert(fc.property(sha256, (hash) => ids.recipeHashOfCalibrate(ids.calibrateWorkflowId(hash)) === hash))
  })
})

test('different things have different ids', () => {
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 2 }), uuid, ([one = '', other = ''], id) => {
      const all = [
        ids.syncWorkflowId(one),
        ids.syncWorkflowId(other),
        ids.deploymentWorkflowId(one, id),
        ids.deploymentWorkflowId(other, id),
      ]
      expect(new Set([...all, ids.trainingWorkflowId(id), ids.traceWorkflowId(id)]).size).toBe(6)
    }),
  )
})

test.each([
  ['another family', () => ids.runIdOfTraining('sync/us-daily')],
  ['a family that only begins alike', () => ids.runIdOfTraining('training/1')],
  ['a part that is missing', () => ids.deploymentIdOfDeployment('deploy/tomorrow')],
  ['the time of another family', () => ids.asOfOfFeatures('sync/us-daily/2008/2009')],
  ['no id at all', () => ids.datasetOfSync('')],
])('refuses %s', (_, read) => {
  expect(read).toThrow(/not a \w+ workflow id/)
})
