/** The contracts' resources under the names that they have in the OpenAPI document. */
import { ApiKey, AuditEntry, CreatedApiKey } from '#contracts/access.ts'
import { CommandBody, RunState } from '#contracts/commands.ts'
import { Dataset, QuarantinedRow, Snapshot, Sync } from '#contracts/datasets.ts'
import { Deployment, Endpoint, EndpointSpell, Rollback } from '#contracts/deployments.ts'
import { DeploymentEvent, TrainingEvent } from '#contracts/events.ts'
import { FeatureBuild, FeatureSet } from '#contracts/features.ts'
import { Model, ModelVersion } from '#contracts/models.ts'
import { PredictionRecord, Trace } from '#contracts/predictions.ts'
import {
  BeginUploadRequest,
  BegunUpload,
  BuildRequest,
  CompletedUpload,
  CompleteUploadRequest,
  CreateKeyRequest,
  DeployRequest,
  PartUrls,
  PartUrlsRequest,
  RollbackRequest,
  StoredParts,
  SuperviseRequest,
  SyncRequest,
  TrainRequest,
  UploadGrant,
} from '#contracts/requests.ts'
import { BackfillRequest, CreateScheduleRequest, Schedule } from '#contracts/schedules.ts'
import { Alert, EndpointEvent, Monitor, MonitorPoint, Retrain, RetrainStarted, SessionScore, Supervision } from '#contracts/supervision.ts'
import { ProgressPoint, TrainingRun } from '#contracts/training.ts'

export const schemas = {
  Alert: Alert.meta({ id: 'Alert' }),
  ApiKey: ApiKey.meta({ id: 'ApiKey' }),
  AuditEntry: AuditEntry.meta({ id: 'AuditEntry' }),
  BackfillRequest: BackfillRequest.meta({ id: 'BackfillRequest' }),
  BeginUploadRequest: BeginUploadRequest.meta({ id: 'BeginUploadRequest' }),
  BegunUpload: BegunUpload.meta({ id: 'BegunUpload' }),
  CompletedUpload: CompletedUpload.meta({ id: 'CompletedUpload' }),
  CompleteUploadRequest: CompleteUploadRequest.meta({ id: 'CompleteUploadRequest' }),
  PartUrls: PartUrls.meta({ id: 'PartUrls' }),
  PartUrlsRequest: PartUrlsRequest.meta({ id: 'PartUrlsRequest' }),
  StoredParts: StoredParts.meta({ id: 'StoredParts' }),
  BuildRequest: BuildRequest.meta({ id: 'BuildRequest' }),
  CommandBody: CommandBody.meta({ id: 'CommandBody' }),
  CreatedApiKey: CreatedApiKey.meta({ id: 'CreatedApiKey' }),
  CreateKeyRequest: CreateKeyRequest.meta({ id: 'CreateKeyRequest' }),
  CreateScheduleRequest: CreateScheduleRequest.meta({ id: 'CreateScheduleRequest' }),
  Dataset: Dataset.meta({ id: 'Dataset' }),
  DeployRequest: DeployRequest.meta({ id: 'DeployRequest' }),
  Deployment: Deployment.meta({ id: 'Deployment' }),
  DeploymentEvent: DeploymentEvent.meta({ id: 'DeploymentEvent' }),
  Endpoint: Endpoint.meta({ id: 'Endpoint' }),
  EndpointEvent: EndpointEvent.meta({ id: 'EndpointEvent' }),
  EndpointSpell: EndpointSpell.meta({ id: 'EndpointSpell' }),
  FeatureBuild: FeatureBuild.meta({ id: 'FeatureBuild' }),
  FeatureSet: FeatureSet.meta({ id: 'FeatureSet' }),
  Model: Model.meta({ id: 'Model' }),
  ModelVersion: ModelVersion.meta({ id: 'ModelVersion' }),
  Monitor: Monitor.meta({ id: 'Monitor' }),
  MonitorPoint: MonitorPoint.meta({ id: 'MonitorPoint' }),
  Prediction: PredictionRecord.meta({ id: 'Prediction' }),
  ProgressPoint: ProgressPoint.meta({ id: 'ProgressPoint' }),
  QuarantinedRow: QuarantinedRow.meta({ id: 'QuarantinedRow' }),
  Retrain: Retrain.meta({ id: 'Retrain' }),
  RetrainStarted: RetrainStarted.meta({ id: 'RetrainStarted' }),
  Rollback: Rollback.meta({ id: 'Rollback' }),
  RollbackRequest: RollbackRequest.meta({ id: 'RollbackRequest' }),
  RunState: RunState.meta({ id: 'RunState' }),
  Schedule: Schedule.meta({ id: 'Schedule' }),
  SessionScore: SessionScore.meta({ id: 'SessionScore' }),
  Snapshot: Snapshot.meta({ id: 'Snapshot' }),
  Supervision: Supervision.meta({ id: 'Supervision' }),
  SuperviseRequest: SuperviseRequest.meta({ id: 'SuperviseRequest' }),
  Sync: Sync.meta({ id: 'Sync' }),
  SyncRequest: SyncRequest.meta({ id: 'SyncRequest' }),
  Trace: Trace.meta({ id: 'Trace' }),
  TrainRequest: TrainRequest.meta({ id: 'TrainRequest' }),
  TrainingEvent: TrainingEvent.meta({ id: 'TrainingEvent' }),
  TrainingRun: TrainingRun.meta({ id: 'TrainingRun' }),
  UploadGrant: UploadGrant.meta({ id: 'UploadGrant' }),
} as const
