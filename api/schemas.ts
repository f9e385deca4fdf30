/** The contracts' resources under the names that they have in the OpenAPI document. */
import { ApiKey, AuditEntry, CreatedApiKey } from '#contracts/access.ts'
import { CollectRequest, Collection } from '#contracts/collections.ts'
import { CommandBody, RunState } from '#contracts/commands.ts'
import { Dataset, QuarantinedRow, Snapshot, Sync } from '#contracts/datasets.ts'
import { Deployment, Endpoint, EndpointSpell, Rollback } from '#contracts/deployments.ts'
import { BuildEvent, DeploymentEvent, TrainingEvent } from '#contracts/events.ts'
import { ApproveCheckRequest, CheckRequest, KeptFeatureCheck } from '#contracts/feature-checks.ts'
import { FeatureExport, FeatureExportRequest } from '#contracts/feature-exports.ts'
import { FeatureJoin, FeatureJoinRequest } from '#contracts/feature-joins.ts'
import { FeatureOverview } from '#contracts/feature-overview.ts'
import { DescribedFeatureSet, FeatureSetComparison, FeatureSetFile } from '#contracts/feature-sets.ts'
import { FeatureStatistics } from '#contracts/feature-statistics.ts'
import { FeatureBuild } from '#contracts/features.ts'
import { Model, ModelVersion } from '#contracts/models.ts'
import { PredictionRecord, Trace } from '#contracts/predictions.ts'
import { SymbolListing, UniverseMembers, UniverseSummary } from '#contracts/listings.ts'
import { QualityReport } from '#contracts/quality.ts'
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
import {
  CompareRequest,
  ComparisonAnswer,
  ComparisonRecord,
  ExportRequest,
  HeadMove,
  Lineage,
  NoteRequest,
  RollBackDatasetRequest,
  RolledBackDataset,
  ExportRecord,
  SnapshotExport,
  SnapshotTag,
  TagRequest,
  Verification,
  VerificationRecord,
  VerifyRequest,
} from '#contracts/snapshots.ts'
import { StandingBuild, StandingBuildRequest } from '#contracts/standing-builds.ts'
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
  Collection: Collection.meta({ id: 'Collection' }),
  CollectRequest: CollectRequest.meta({ id: 'CollectRequest' }),
  CommandBody: CommandBody.meta({ id: 'CommandBody' }),
  CompareRequest: CompareRequest.meta({ id: 'CompareRequest' }),
  Comparison: ComparisonAnswer.meta({ id: 'Comparison' }),
  ComparisonRecord: ComparisonRecord.meta({ id: 'ComparisonRecord' }),
  CreatedApiKey: CreatedApiKey.meta({ id: 'CreatedApiKey' }),
  CreateKeyRequest: CreateKeyRequest.meta({ id: 'CreateKeyRequest' }),
  CreateScheduleRequest: CreateScheduleRequest.meta({ id: 'CreateScheduleRequest' }),
  Dataset: Dataset.meta({ id: 'Dataset' }),
  Deployment: Deployment.meta({ id: 'Deployment' }),
  DeploymentEvent: DeploymentEvent.meta({ id: 'DeploymentEvent' }),
  DeployRequest: DeployRequest.meta({ id: 'DeployRequest' }),
  Endpoint: Endpoint.meta({ id: 'Endpoint' }),
  EndpointEvent: EndpointEvent.meta({ id: 'EndpointEvent' }),
  EndpointSpell: EndpointSpell.meta({ id: 'EndpointSpell' }),
  ExportRequest: ExportRequest.meta({ id: 'ExportRequest' }),
  FeatureBuild: FeatureBuild.meta({ id: 'FeatureBuild' }),
  ApproveCheckRequest: ApproveCheckRequest.meta({ id: 'ApproveCheckRequest' }),
  CheckRequest: CheckRequest.meta({ id: 'CheckRequest' }),
  FeatureCheck: KeptFeatureCheck.meta({ id: 'FeatureCheck' }),
  FeatureJoin: FeatureJoin.meta({ id: 'FeatureJoin' }),
  FeatureJoinRequest: FeatureJoinRequest.meta({ id: 'FeatureJoinRequest' }),
  FeatureOverview: FeatureOverview.meta({ id: 'FeatureOverview' }),
  FeatureExport: FeatureExport.meta({ id: 'FeatureExport' }),
  FeatureExportRequest: FeatureExportRequest.meta({ id: 'FeatureExportRequest' }),
  FeatureSet: DescribedFeatureSet.meta({ id: 'FeatureSet' }),
  FeatureSetComparison: FeatureSetComparison.meta({ id: 'FeatureSetComparison' }),
  FeatureStatistics: FeatureStatistics.meta({ id: 'FeatureStatistics' }),
  FeatureSetFile: FeatureSetFile.meta({ id: 'FeatureSetFile' }),
  HeadMove: HeadMove.meta({ id: 'HeadMove' }),
  Lineage: Lineage.meta({ id: 'Lineage' }),
  Model: Model.meta({ id: 'Model' }),
  ModelVersion: ModelVersion.meta({ id: 'ModelVersion' }),
  Monitor: Monitor.meta({ id: 'Monitor' }),
  MonitorPoint: MonitorPoint.meta({ id: 'MonitorPoint' }),
  NoteRequest: NoteRequest.meta({ id: 'NoteRequest' }),
  Prediction: PredictionRecord.meta({ id: 'Prediction' }),
  ProgressPoint: ProgressPoint.meta({ id: 'ProgressPoint' }),
  QualityReport: QualityReport.meta({ id: 'QualityReport' }),
  QuarantinedRow: QuarantinedRow.meta({ id: 'QuarantinedRow' }),
  Retrain: Retrain.meta({ id: 'Retrain' }),
  RetrainStarted: RetrainStarted.meta({ id: 'RetrainStarted' }),
  Rollback: Rollback.meta({ id: 'Rollback' }),
  RollBackDatasetRequest: RollBackDatasetRequest.meta({ id: 'RollBackDatasetRequest' }),
  RollbackRequest: RollbackRequest.meta({ id: 'RollbackRequest' }),
  RolledBackDataset: RolledBackDataset.meta({ id: 'RolledBackDataset' }),
  RunState: RunState.meta({ id: 'RunState' }),
  Schedule: Schedule.meta({ id: 'Schedule' }),
  SessionScore: SessionScore.meta({ id: 'SessionScore' }),
  Snapshot: Snapshot.meta({ id: 'Snapshot' }),
  ExportRecord: ExportRecord.meta({ id: 'ExportRecord' }),
  SnapshotExport: SnapshotExport.meta({ id: 'SnapshotExport' }),
  SnapshotTag: SnapshotTag.meta({ id: 'SnapshotTag' }),
  StandingBuild: StandingBuild.meta({ id: 'StandingBuild' }),
  StandingBuildRequest: StandingBuildRequest.meta({ id: 'StandingBuildRequest' }),
  SuperviseRequest: SuperviseRequest.meta({ id: 'SuperviseRequest' }),
  Supervision: Supervision.meta({ id: 'Supervision' }),
  Sync: Sync.meta({ id: 'Sync' }),
  SymbolListing: SymbolListing.meta({ id: 'SymbolListing' }),
  SyncRequest: SyncRequest.meta({ id: 'SyncRequest' }),
  TagRequest: TagRequest.meta({ id: 'TagRequest' }),
  Trace: Trace.meta({ id: 'Trace' }),
  BuildEvent: BuildEvent.meta({ id: 'BuildEvent' }),
  TrainingEvent: TrainingEvent.meta({ id: 'TrainingEvent' }),
  TrainingRun: TrainingRun.meta({ id: 'TrainingRun' }),
  TrainRequest: TrainRequest.meta({ id: 'TrainRequest' }),
  UniverseMembers: UniverseMembers.meta({ id: 'UniverseMembers' }),
  UniverseSummary: UniverseSummary.meta({ id: 'UniverseSummary' }),
  UploadGrant: UploadGrant.meta({ id: 'UploadGrant' }),
  Verification: Verification.meta({ id: 'Verification' }),
  VerificationRecord: VerificationRecord.meta({ id: 'VerificationRecord' }),
  VerifyRequest: VerifyRequest.meta({ id: 'VerifyRequest' }),
} as const
