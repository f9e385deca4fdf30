"""What the process is told by its environment: the same variables as config/config.ts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ObjectStoreConfig:
    endpoint: str
    bucket: str
    region: str
    access_key: str
    secret_key: str


@dataclass(frozen=True)
class Config:
    database_url: str
    object_store: ObjectStoreConfig
    cache_dir: Path
    temporal_address: str
    temporal_namespace: str
    task_queue: str
    log_level: str

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> "Config":
        """:raises SystemExit: naming the variable that is missing"""

        def required(name: str) -> str:
            value = environment.get(name, "")
            if not value:
                raise SystemExit(f"{name} is not set: start the trainer with `quantloop trainer`, or set it yourself")
            return value

        return Config(
            database_url=required("QUANTLOOP_TRAINER_DATABASE_URL"),
            object_store=ObjectStoreConfig(
                endpoint=required("QUANTLOOP_S3_ENDPOINT"),
                bucket=environment.get("QUANTLOOP_S3_BUCKET", "quantloop"),
                region=environment.get("QUANTLOOP_S3_REGION", "us-east-1"),
                access_key=required("QUANTLOOP_S3_ACCESS_KEY"),
                secret_key=required("QUANTLOOP_S3_SECRET_KEY"),
            ),
            cache_dir=Path(required("QUANTLOOP_STATE_DIR")) / "cache",
            temporal_address=required("QUANTLOOP_TEMPORAL_ADDRESS"),
            temporal_namespace=environment.get("QUANTLOOP_TEMPORAL_NAMESPACE", "quantloop"),
            # one trainer a GPU or host; `trainer-gpu` where there is one
            task_queue=environment.get("QUANTLOOP_TRAINER_TASK_QUEUE", "trainer-cpu"),
            log_level=environment.get("QUANTLOOP_LOG_LEVEL", "info"),
        )
