CREATE TABLE "collection" (
	"id" uuid PRIMARY KEY NOT NULL,
	"dry_run" boolean NOT NULL,
	"grace_hours" double precision NOT NULL,
	"keep_days" double precision NOT NULL,
	"state" text NOT NULL,
	"plan" jsonb,
	"scanned" jsonb,
	"found" jsonb,
	"removed" jsonb,
	"step" text DEFAULT '' NOT NULL,
	"journal_sequence" integer DEFAULT 0 NOT NULL,
	"paused_by" text,
	"paused_ms" double precision DEFAULT 0 NOT NULL,
	"failure" text,
	"requested_by" text NOT NULL,
	"idempotency_key" text,
	"body_sha256" text NOT NULL,
	"started_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "dataset" (
	"name" text PRIMARY KEY NOT NULL,
	"connector" jsonb NOT NULL,
	"head_snapshot_id" text,
	"last_session" date,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "fetched_page" (
	"sync_id" uuid NOT NULL,
	"page" text NOT NULL,
	"address" text NOT NULL,
	"object" jsonb NOT NULL,
	"fetched_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "fetched_page_sync_id_page_pk" PRIMARY KEY("sync_id","page")
);
--> statement-breakpoint
CREATE TABLE "head_move" (
	"dataset" text NOT NULL,
	"sequence" integer NOT NULL,
	"snapshot_id" text NOT NULL,
	"kind" text NOT NULL,
	"by" text NOT NULL,
	"command_id" uuid NOT NULL,
	"at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "head_move_dataset_sequence_pk" PRIMARY KEY("dataset","sequence")
);
--> statement-breakpoint
CREATE TABLE "inspection" (
	"kind" text NOT NULL,
	"id" uuid NOT NULL,
	"dataset" text,
	"snapshot_ids" jsonb NOT NULL,
	"state" text NOT NULL,
	"failure" jsonb,
	"result" jsonb,
	"requested_by" text NOT NULL,
	"started_at" timestamp(3) with time zone NOT NULL,
	"ended_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inspection_kind_id_pk" PRIMARY KEY("kind","id")
);
--> statement-breakpoint
CREATE TABLE "quarantined_row" (
	"sync_id" uuid NOT NULL,
	"file" text NOT NULL,
	"line" integer NOT NULL,
	"reason" text NOT NULL,
	"symbol" text,
	"session" text,
	"raw" text NOT NULL,
	CONSTRAINT "quarantined_row_sync_id_file_line_pk" PRIMARY KEY("sync_id","file","line")
);
--> statement-breakpoint
CREATE TABLE "snapshot" (
	"dataset" text NOT NULL,
	"id" text NOT NULL,
	"parent_id" text,
	"sync_id" uuid NOT NULL,
	"manifest" jsonb NOT NULL,
	"rows" integer NOT NULL,
	"symbols" integer NOT NULL,
	"actions" integer NOT NULL,
	"first_session" date NOT NULL,
	"last_session" date NOT NULL,
	"known_at_basis" text NOT NULL,
	"optional_columns" text[] DEFAULT '{}' NOT NULL,
	"note" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"collected_at" timestamp(3) with time zone,
	CONSTRAINT "snapshot_dataset_id_pk" PRIMARY KEY("dataset","id")
);
--> statement-breakpoint
CREATE TABLE "snapshot_quality" (
	"dataset" text NOT NULL,
	"snapshot_id" text NOT NULL,
	"engine_version" text NOT NULL,
	"report" jsonb NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "snapshot_quality_dataset_snapshot_id_engine_version_pk" PRIMARY KEY("dataset","snapshot_id","engine_version")
);
--> statement-breakpoint
CREATE TABLE "snapshot_tag" (
	"dataset" text NOT NULL,
	"name" text NOT NULL,
	"snapshot_id" text NOT NULL,
	"tagged_by" text NOT NULL,
	"tagged_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "snapshot_tag_dataset_name_pk" PRIMARY KEY("dataset","name")
);
--> statement-breakpoint
CREATE TABLE "sync_run" (
	"id" uuid PRIMARY KEY NOT NULL,
	"dataset" text NOT NULL,
	"connector" jsonb NOT NULL,
	"state" text NOT NULL,
	"snapshot_id" text,
	"rows" integer DEFAULT 0 NOT NULL,
	"symbols" integer DEFAULT 0 NOT NULL,
	"quarantined" integer DEFAULT 0 NOT NULL,
	"jumps" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"withdrawn" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"step" text DEFAULT '' NOT NULL,
	"journal_sequence" integer DEFAULT 0 NOT NULL,
	"paused_by" text,
	"paused_ms" double precision DEFAULT 0 NOT NULL,
	"failure" text,
	"requested_by" text NOT NULL,
	"idempotency_key" text,
	"body_sha256" text NOT NULL,
	"started_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "feature_build" (
	"id" text PRIMARY KEY NOT NULL,
	"definition_hash" text NOT NULL,
	"snapshot_id" text NOT NULL,
	"as_of" timestamp(3) with time zone,
	"dataset" text NOT NULL,
	"feature_set" jsonb NOT NULL,
	"label" jsonb NOT NULL,
	"state" text NOT NULL,
	"manifest" jsonb,
	"feature_hash" text,
	"rows" integer,
	"columns" integer,
	"seconds" double precision,
	"cache_hit_ratio" double precision,
	"step" text DEFAULT '' NOT NULL,
	"journal_sequence" integer DEFAULT 0 NOT NULL,
	"paused_by" text,
	"paused_ms" double precision DEFAULT 0 NOT NULL,
	"failure" text,
	"requested_by" text NOT NULL,
	"idempotency_key" text,
	"body_sha256" text NOT NULL,
	"started_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp(3) with time zone,
	CONSTRAINT "feature_build_once" UNIQUE NULLS NOT DISTINCT("definition_hash","snapshot_id","as_of")
);
--> statement-breakpoint
CREATE TABLE "feature_build_progress" (
	"build_id" text NOT NULL,
	"batch" integer NOT NULL,
	"shards" integer NOT NULL,
	"done" integer NOT NULL,
	CONSTRAINT "feature_build_progress_build_id_batch_pk" PRIMARY KEY("build_id","batch")
);
--> statement-breakpoint
CREATE TABLE "feature_check" (
	"build_id" text NOT NULL,
	"engine_version" text NOT NULL,
	"dataset" text NOT NULL,
	"definition_hash" text NOT NULL,
	"verdict" text NOT NULL,
	"reasons" jsonb NOT NULL,
	"looks_ahead" boolean NOT NULL,
	"seed" integer NOT NULL,
	"before" date,
	"report" jsonb NOT NULL,
	"accepted_by" text,
	"accepted_reason" text,
	"checked_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "feature_check_build_id_engine_version_pk" PRIMARY KEY("build_id","engine_version")
);
--> statement-breakpoint
CREATE TABLE "feature_column_list" (
	"hash" text PRIMARY KEY NOT NULL,
	"columns" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "feature_row" (
	"dataset" text NOT NULL,
	"feature_hash" text NOT NULL,
	"symbol" text NOT NULL,
	"session" date NOT NULL,
	"build_id" text NOT NULL,
	"values" "bytea" NOT NULL,
	"sha256" text NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "feature_row_dataset_feature_hash_symbol_pk" PRIMARY KEY("dataset","feature_hash","symbol")
);
--> statement-breakpoint
CREATE TABLE "feature_set_version" (
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"description" text NOT NULL,
	"features" jsonb NOT NULL,
	"limits" jsonb,
	"content_sha256" text NOT NULL,
	"registered_by" text NOT NULL,
	"registered_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "feature_set_version_name_version_pk" PRIMARY KEY("name","version")
);
--> statement-breakpoint
CREATE TABLE "feature_shard_cache" (
	"key" text NOT NULL,
	"columns" text NOT NULL,
	"shard" jsonb NOT NULL,
	"sessions" "bytea" NOT NULL,
	"ahead" jsonb NOT NULL,
	"ends" jsonb NOT NULL,
	"states" "bytea",
	"non_finite" jsonb NOT NULL,
	"place" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "feature_shard_cache_key_columns_pk" PRIMARY KEY("key","columns")
);
--> statement-breakpoint
CREATE TABLE "feature_statistics" (
	"build_id" text NOT NULL,
	"engine_version" text NOT NULL,
	"report" jsonb NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "feature_statistics_build_id_engine_version_pk" PRIMARY KEY("build_id","engine_version")
);
--> statement-breakpoint
CREATE TABLE "standing_build" (
	"dataset" text NOT NULL,
	"definition_hash" text NOT NULL,
	"feature_set" text NOT NULL,
	"label" jsonb NOT NULL,
	"universe" text,
	"requested_by" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "standing_build_dataset_definition_hash_pk" PRIMARY KEY("dataset","definition_hash")
);
--> statement-breakpoint
CREATE TABLE "model" (
	"name" text PRIMARY KEY NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model_version" (
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"stage" text NOT NULL,
	"run_id" uuid NOT NULL,
	"onnx" jsonb NOT NULL,
	"sidecar" jsonb NOT NULL,
	"feature_hash" text NOT NULL,
	"snapshot_id" text NOT NULL,
	"build_id" text NOT NULL,
	"dataset" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "model_version_name_version_pk" PRIMARY KEY("name","version")
);
--> statement-breakpoint
CREATE TABLE "test_opening" (
	"run_id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"build_id" text NOT NULL,
	"at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "test_opening_run_id_purpose_pk" PRIMARY KEY("run_id","purpose")
);
--> statement-breakpoint
CREATE TABLE "training_checkpoint" (
	"run_id" uuid NOT NULL,
	"block" integer NOT NULL,
	"phase" text NOT NULL,
	"round" integer NOT NULL,
	"executed" integer NOT NULL,
	"object" jsonb NOT NULL,
	"at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "training_checkpoint_run_id_block_pk" PRIMARY KEY("run_id","block")
);
--> statement-breakpoint
CREATE TABLE "training_progress" (
	"run_id" uuid NOT NULL,
	"step" integer NOT NULL,
	"phase" text NOT NULL,
	"round" integer NOT NULL,
	"total_rounds" integer NOT NULL,
	"metrics" jsonb NOT NULL,
	"executed" integer DEFAULT 0 NOT NULL,
	"at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "training_progress_run_id_step_pk" PRIMARY KEY("run_id","step")
);
--> statement-breakpoint
CREATE TABLE "training_run" (
	"id" uuid PRIMARY KEY NOT NULL,
	"model_name" text NOT NULL,
	"model_version" integer,
	"recipe" jsonb NOT NULL,
	"state" text NOT NULL,
	"snapshot_id" text,
	"as_of" timestamp(3) with time zone,
	"build_id" text,
	"fit" jsonb,
	"evaluation" jsonb,
	"step" text DEFAULT '' NOT NULL,
	"journal_sequence" integer DEFAULT 0 NOT NULL,
	"paused_by" text,
	"paused_ms" double precision DEFAULT 0 NOT NULL,
	"failure" text,
	"requested_by" text NOT NULL,
	"idempotency_key" text,
	"body_sha256" text NOT NULL,
	"started_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "deployment" (
	"id" uuid PRIMARY KEY NOT NULL,
	"endpoint" text NOT NULL,
	"model_name" text NOT NULL,
	"model_version" integer NOT NULL,
	"plan" jsonb NOT NULL,
	"state" text NOT NULL,
	"revision" integer,
	"route" jsonb,
	"predecessor_id" uuid,
	"gates" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"step" text DEFAULT '' NOT NULL,
	"journal_sequence" integer DEFAULT 0 NOT NULL,
	"paused_by" text,
	"paused_ms" double precision DEFAULT 0 NOT NULL,
	"failure" text,
	"requested_by" text NOT NULL,
	"idempotency_key" text,
	"body_sha256" text NOT NULL,
	"started_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "endpoint" (
	"name" text PRIMARY KEY NOT NULL,
	"prepare_revision" integer DEFAULT 0 NOT NULL,
	"prepared" jsonb,
	"active_revision" integer DEFAULT 0 NOT NULL,
	"active" jsonb,
	"share" double precision DEFAULT 0 NOT NULL,
	"previous" jsonb,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "prediction" (
	"id" uuid PRIMARY KEY NOT NULL,
	"endpoint" text NOT NULL,
	"deployment_id" uuid NOT NULL,
	"revision" integer NOT NULL,
	"model_name" text NOT NULL,
	"model_version" integer NOT NULL,
	"onnx_sha256" text NOT NULL,
	"input" jsonb NOT NULL,
	"value" double precision NOT NULL,
	"unit_id" text,
	"stale" boolean NOT NULL,
	"replica_id" text NOT NULL,
	"predicted_at" timestamp(3) with time zone NOT NULL,
	"shipped_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "serving_lease" (
	"replica_id" text PRIMARY KEY NOT NULL,
	"url" text NOT NULL,
	"ready" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"active" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"share" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"refusal" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"renewed_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "serving_tally" (
	"replica_id" text NOT NULL,
	"incarnation" uuid NOT NULL,
	"deployment_id" uuid NOT NULL,
	"requests" bigint NOT NULL,
	"errors" bigint NOT NULL,
	"non_finite" bigint NOT NULL,
	"answers" bigint NOT NULL,
	"origin" double precision NOT NULL,
	"sum" double precision NOT NULL,
	"sum_of_squares" double precision NOT NULL,
	"latencies" jsonb NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "serving_tally_incarnation_deployment_id_pk" PRIMARY KEY("incarnation","deployment_id")
);
--> statement-breakpoint
CREATE TABLE "alert" (
	"id" uuid PRIMARY KEY NOT NULL,
	"endpoint" text NOT NULL,
	"kind" text NOT NULL,
	"severity" text NOT NULL,
	"session" date NOT NULL,
	"monitor_id" uuid,
	"summary" text NOT NULL,
	"evidence" jsonb NOT NULL,
	"raised_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"acknowledged_by" text,
	"acknowledged_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "calibration" (
	"recipe_hash" text PRIMARY KEY NOT NULL,
	"model_name" text NOT NULL,
	"model_version" integer NOT NULL,
	"state" text NOT NULL,
	"walk_forward" jsonb,
	"step" text DEFAULT '' NOT NULL,
	"journal_sequence" integer DEFAULT 0 NOT NULL,
	"paused_by" text,
	"paused_ms" double precision DEFAULT 0 NOT NULL,
	"failure" text,
	"requested_by" text NOT NULL,
	"idempotency_key" text,
	"body_sha256" text NOT NULL,
	"started_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "endpoint_event" (
	"sequence" bigserial PRIMARY KEY NOT NULL,
	"endpoint" text NOT NULL,
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"session" date,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "forecast" (
	"endpoint" text NOT NULL,
	"forecaster" text NOT NULL,
	"symbol" text NOT NULL,
	"session" date NOT NULL,
	"value" double precision NOT NULL,
	"build_id" text NOT NULL,
	CONSTRAINT "forecast_endpoint_forecaster_symbol_session_pk" PRIMARY KEY("endpoint","forecaster","symbol","session")
);
--> statement-breakpoint
CREATE TABLE "monitor" (
	"id" uuid PRIMARY KEY NOT NULL,
	"endpoint" text NOT NULL,
	"kind" text NOT NULL,
	"model_name" text NOT NULL,
	"model_version" integer NOT NULL,
	"after" date NOT NULL,
	"threshold" double precision NOT NULL,
	"calibration" jsonb NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "monitor_point" (
	"monitor_id" uuid NOT NULL,
	"session" date NOT NULL,
	"statistic" double precision NOT NULL,
	"fired" boolean NOT NULL,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "monitor_point_monitor_id_session_pk" PRIMARY KEY("monitor_id","session")
);
--> statement-breakpoint
CREATE TABLE "prediction_score" (
	"prediction_id" uuid PRIMARY KEY NOT NULL,
	"label" double precision NOT NULL,
	"squared_error" double precision NOT NULL,
	"label_revision" integer NOT NULL,
	"snapshot_id" text NOT NULL,
	"scored_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "realized_label" (
	"dataset" text NOT NULL,
	"expression" text NOT NULL,
	"symbol" text NOT NULL,
	"session" date NOT NULL,
	"value" double precision NOT NULL,
	"snapshot_id" text NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "realized_label_dataset_expression_symbol_session_pk" PRIMARY KEY("dataset","expression","symbol","session")
);
--> statement-breakpoint
CREATE TABLE "retrain" (
	"id" uuid PRIMARY KEY NOT NULL,
	"endpoint" text NOT NULL,
	"trigger" text NOT NULL,
	"alert_id" uuid,
	"session" date NOT NULL,
	"run_id" uuid NOT NULL,
	"state" text NOT NULL,
	"champion_name" text NOT NULL,
	"champion_version" integer NOT NULL,
	"challenger_name" text,
	"challenger_version" integer,
	"looks" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"verdict" text,
	"reason" text,
	"deployment_id" uuid,
	"fallback" jsonb,
	"requested_by" text NOT NULL,
	"started_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp(3) with time zone,
	CONSTRAINT "retrain_run_id_unique" UNIQUE("run_id")
);
--> statement-breakpoint
CREATE TABLE "session_score" (
	"endpoint" text NOT NULL,
	"forecaster" text NOT NULL,
	"session" date NOT NULL,
	"loss" double precision NOT NULL,
	"bias" double precision NOT NULL,
	"rows" integer NOT NULL,
	"label_revisions" integer NOT NULL,
	"scored_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "session_score_endpoint_forecaster_session_pk" PRIMARY KEY("endpoint","forecaster","session")
);
--> statement-breakpoint
CREATE TABLE "supervision" (
	"endpoint" text PRIMARY KEY NOT NULL,
	"dataset" text NOT NULL,
	"label" jsonb NOT NULL,
	"policy" jsonb NOT NULL,
	"state" text NOT NULL,
	"champion_name" text,
	"champion_version" integer,
	"champion_after" date,
	"recipe_run_id" uuid,
	"processed_through" date,
	"snapshot_id" text,
	"step" text DEFAULT '' NOT NULL,
	"journal_sequence" integer DEFAULT 0 NOT NULL,
	"paused_by" text,
	"paused_ms" double precision DEFAULT 0 NOT NULL,
	"failure" text,
	"requested_by" text NOT NULL,
	"idempotency_key" text,
	"body_sha256" text NOT NULL,
	"started_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "api_key" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"key_sha256" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"revoked_at" timestamp(3) with time zone,
	CONSTRAINT "api_key_key_sha256_unique" UNIQUE("key_sha256")
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"by" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"command_id" uuid NOT NULL,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_key" (
	"id" uuid PRIMARY KEY NOT NULL,
	"body_sha256" text NOT NULL,
	"claimed_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "fetched_page" ADD CONSTRAINT "fetched_page_sync_id_sync_run_id_fk" FOREIGN KEY ("sync_id") REFERENCES "public"."sync_run"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "head_move" ADD CONSTRAINT "head_move_dataset_dataset_name_fk" FOREIGN KEY ("dataset") REFERENCES "public"."dataset"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "quarantined_row" ADD CONSTRAINT "quarantined_row_sync_id_sync_run_id_fk" FOREIGN KEY ("sync_id") REFERENCES "public"."sync_run"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "snapshot" ADD CONSTRAINT "snapshot_dataset_dataset_name_fk" FOREIGN KEY ("dataset") REFERENCES "public"."dataset"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "snapshot_quality" ADD CONSTRAINT "snapshot_quality_dataset_snapshot_id_snapshot_dataset_id_fk" FOREIGN KEY ("dataset","snapshot_id") REFERENCES "public"."snapshot"("dataset","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "snapshot_tag" ADD CONSTRAINT "snapshot_tag_dataset_snapshot_id_snapshot_dataset_id_fk" FOREIGN KEY ("dataset","snapshot_id") REFERENCES "public"."snapshot"("dataset","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "feature_build_progress" ADD CONSTRAINT "feature_build_progress_build_id_feature_build_id_fk" FOREIGN KEY ("build_id") REFERENCES "public"."feature_build"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "feature_check" ADD CONSTRAINT "feature_check_build_id_feature_build_id_fk" FOREIGN KEY ("build_id") REFERENCES "public"."feature_build"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "feature_shard_cache" ADD CONSTRAINT "feature_shard_cache_columns_feature_column_list_hash_fk" FOREIGN KEY ("columns") REFERENCES "public"."feature_column_list"("hash") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "feature_statistics" ADD CONSTRAINT "feature_statistics_build_id_feature_build_id_fk" FOREIGN KEY ("build_id") REFERENCES "public"."feature_build"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "standing_build" ADD CONSTRAINT "standing_build_dataset_dataset_name_fk" FOREIGN KEY ("dataset") REFERENCES "public"."dataset"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_version" ADD CONSTRAINT "model_version_name_model_name_fk" FOREIGN KEY ("name") REFERENCES "public"."model"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "monitor_point" ADD CONSTRAINT "monitor_point_monitor_id_monitor_id_fk" FOREIGN KEY ("monitor_id") REFERENCES "public"."monitor"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "head_move_once" ON "head_move" USING btree ("dataset","command_id");--> statement-breakpoint
CREATE INDEX "inspection_by_time" ON "inspection" USING btree ("kind","ended_at");--> statement-breakpoint
CREATE INDEX "inspection_by_snapshot" ON "inspection" USING gin ("snapshot_ids");--> statement-breakpoint
CREATE INDEX "snapshot_by_id" ON "snapshot" USING btree ("id");--> statement-breakpoint
CREATE INDEX "sync_by_dataset" ON "sync_run" USING btree ("dataset","started_at");--> statement-breakpoint
CREATE INDEX "feature_check_by_definition" ON "feature_check" USING btree ("dataset","definition_hash","checked_at");--> statement-breakpoint
CREATE UNIQUE INDEX "feature_set_content_once" ON "feature_set_version" USING btree ("name","content_sha256");--> statement-breakpoint
CREATE INDEX "feature_shard_cache_place" ON "feature_shard_cache" USING btree ("place","columns");--> statement-breakpoint
CREATE UNIQUE INDEX "model_version_once_a_run" ON "model_version" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "deployment_by_endpoint" ON "deployment" USING btree ("endpoint","started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "deployment_one_active" ON "deployment" USING btree ("endpoint") WHERE state = 'active';--> statement-breakpoint
CREATE UNIQUE INDEX "deployment_one_in_flight" ON "deployment" USING btree ("endpoint") WHERE state in ('running', 'pausing', 'paused', 'awaiting_approval', 'stopping') or (state = 'active' and ended_at is null);--> statement-breakpoint
CREATE INDEX "prediction_by_endpoint" ON "prediction" USING btree ("endpoint","predicted_at");--> statement-breakpoint
CREATE INDEX "prediction_by_row" ON "prediction" USING btree ("endpoint",(input ->> 'session'),(input ->> 'symbol')) WHERE input ->> 'kind' = 'feature-row';--> statement-breakpoint
CREATE INDEX "serving_tally_by_deployment" ON "serving_tally" USING btree ("deployment_id");--> statement-breakpoint
CREATE UNIQUE INDEX "alert_once" ON "alert" USING btree ("endpoint","kind","session");--> statement-breakpoint
CREATE INDEX "alert_by_endpoint" ON "alert" USING btree ("endpoint","raised_at");--> statement-breakpoint
CREATE UNIQUE INDEX "endpoint_event_once" ON "endpoint_event" USING btree ("endpoint","key");--> statement-breakpoint
CREATE INDEX "forecast_by_session" ON "forecast" USING btree ("endpoint","session");--> statement-breakpoint
CREATE UNIQUE INDEX "monitor_once" ON "monitor" USING btree ("endpoint","kind","model_name","model_version","after");--> statement-breakpoint
CREATE INDEX "retrain_by_endpoint" ON "retrain" USING btree ("endpoint","started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "retrain_one_in_flight" ON "retrain" USING btree ("endpoint") WHERE ended_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "audit_once" ON "audit" USING btree ("command_id","action","subject");--> statement-breakpoint
CREATE INDEX "audit_by_subject" ON "audit" USING btree ("subject");