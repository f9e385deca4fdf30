/** The contracts' resources under the names that they have in the OpenAPI document. */
import { ApiKey, AuditEntry, CreatedApiKey } from '#contracts/access.ts'
import { CommandBody, RunState } from '#contracts/commands.ts'
import { Dataset, QuarantinedRow, Snapshot, Sync } from '#contracts/datasets.ts'
import { Deployment, Endpoint } from '#contracts/deployments.ts'
import { FeatureBuild, FeatureSet } from '#contracts/features.ts'
import { Model, ModelVersion } from '#contracts/models.ts'
import { PredictionRecord, Trace } from '#contracts/predictions.ts'
import { BuildRequest, CreateKeyRequest, DeployRequest, SyncRequest, TrainRequest, UploadGrant } from '#contracts/requests.ts'
import { ProgressPoint, TrainingRun } from '#contracts/training.ts'

export const schemas = {
  ApiKey: ApiKey.meta({ id: 'ApiKey' }),
  AuditEntry: AuditEntry.meta({ id: 'AuditEntry' }),
  BuildRequest: BuildRequest.meta({ id: 'BuildRequest' }),
  CommandBody: CommandBody.meta({ id: 'CommandBody' }),
  CreatedApiKey: CreatedApiKey.meta({ id: 'CreatedApiKey' }),
  CreateKeyRequest: CreateKeyRequest.meta({ id: 'CreateKeyRequest' }),
  Dataset: Dataset.meta({ id: 'Dataset' }),
  DeployRequest: DeployRequest.meta({ id: 'DeployRequest' }),
  Deployment: Deployment.meta({ id: 'Deployment' }),
  Endpoint: Endpoint.meta({ id: 'Endpoint' }),
  FeatureBuild: FeatureBuild.meta({ id: 'FeatureBuild' }),
  FeatureSet: FeatureSet.meta({ id: 'FeatureSet' }),
  Model: Model.meta({ id: 'Model' }),
  ModelVersion: ModelVersion.meta({ id: 'ModelVersion' }),
  Prediction: PredictionRecord.meta({ id: 'Prediction' }),
  ProgressPoint: ProgressPoint.meta({ id: 'ProgressPoint' }),
  QuarantinedRow: QuarantinedRow.meta({ id: 'QuarantinedRow' }),
  RunState: RunState.meta({ id: 'RunState' }),
  Snapshot: Snapshot.meta({ id: 'Snapshot' }),
  Sync: Sync.meta({ id: 'Sync' }),
  SyncRequest: SyncRequest.meta({ id: 'SyncRequest' }),
  Trace: Trace.meta({ id: 'Trace' }),
  TrainRequest: TrainRequest.meta({ id: 'TrainRequest' }),
  TrainingRun: TrainingRun.meta({ id: 'TrainingRun' }),
  UploadGrant: UploadGrant.meta({ id: 'UploadGrant' }),
} as const
