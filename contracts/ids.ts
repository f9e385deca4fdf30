/**
 * Workflow ids are business keys. Each id has its inverse beside it, and nowhere else is an id put together or
 * taken apart. Free of zod, so that workflows may import it as a value.
 */
export const syncWorkflowId = (dataset: string) => `sync/${dataset}`
export const datasetOfSync = (workflowId: string) => part(workflowId, 'sync', 1)

export const qualityWorkflowId = (dataset: string, snapshotId: string) => `quality/${dataset}/${snapshotId}`
export const datasetOfQuality = (workflowId: string) => part(workflowId, 'quality', 1)
export const snapshotIdOfQuality = (workflowId: string) => part(workflowId, 'quality', 2)

/** `asOf` is in UTC, as the contract `AsOf` has it. */
export const featuresWorkflowId = (definitionHash: string, snapshotId: string, asOf?: string | null) =>
  `features/${definitionHash}/${snapshotId}${asOf == null ? '' : `/${asOf}`}`
export const definitionHashOfFeatures = (workflowId: string) => part(workflowId, 'features', 1)
export const snapshotIdOfFeatures = (workflowId: string) => part(workflowId, 'features', 2)
export const asOfOfFeatures = (workflowId: string) => (part(workflowId, 'features', 1) && workflowId.split('/')[3]) ?? null

export const trainingWorkflowId = (runId: string) => `train/${runId}`
export const runIdOfTraining = (workflowId: string) => part(workflowId, 'train', 1)

export const deploymentWorkflowId = (endpoint: string, deploymentId: string) => `deploy/${endpoint}/${deploymentId}`
export const endpointOfDeployment = (workflowId: string) => part(workflowId, 'deploy', 1)
export const deploymentIdOfDeployment = (workflowId: string) => part(workflowId, 'deploy', 2)

export const rollbackWorkflowId = (endpoint: string, deploymentId: string) => `rollback/${endpoint}/${deploymentId}`
export const deploymentIdOfRollback = (workflowId: string) => part(workflowId, 'rollback', 2)

export const superviseWorkflowId = (endpoint: string) => `supervise/${endpoint}`
export const endpointOfSupervise = (workflowId: string) => part(workflowId, 'supervise', 1)

export const calibrateWorkflowId = (recipeHash: string) => `calibrate/${recipeHash}`
export const recipeHashOfCalibrate = (workflowId: string) => part(workflowId, 'calibrate', 1)

/** A Schedule appends a time to the id of what it starts, so it has one of its own. */
export const scheduleId = (name: string) => `schedule/${name}`
export const nameOfSchedule = (id: string) => part(id, 'schedule', 1)

export const commandWorkflowId = (commandId: string) => `command/${commandId}`

export const traceWorkflowId = (traceId: string) => `trace/${traceId}`

export const compareWorkflowId = (comparisonId: string) => `compare/${comparisonId}`

export const exportWorkflowId = (exportId: string) => `export/${exportId}`

export const featureStatisticsWorkflowId = (buildId: string) => `feature-statistics/${buildId}`

/** Checks that are made otherwise are others. */
export const featureCheckWorkflowId = ({ buildId, seed, before }: { buildId: string; seed: number; before?: string | undefined }) =>
  `feature-check/${buildId}/${seed}/${before ?? 'all'}`

export const featureJoinWorkflowId = (joinId: string) => `feature-join/${joinId}`

export const featureExportWorkflowId = (exportId: string) => `feature-export/${exportId}`

export const verifyWorkflowId = (verificationId: string) => `verify/${verificationId}`

/** One at a time, whatever it is asked to collect. */
export const collectWorkflowId = 'collect/garbage'

function part(workflowId: string, family: string, index: number): string {
  const parts = workflowId.split('/')
  const found = parts[index]
  if (parts[0] !== family || found === undefined) throw new RangeError(`not a ${family} workflow id: ${workflowId}`)
  return found
}
