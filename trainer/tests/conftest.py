"""Real servers for tests: those of QUANTLOOP_TEST_SERVICES, with a database of our own on them."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from quantloop_trainer.config import ObjectStoreConfig
from quantloop_trainer.contracts import FitInput, ObjectRef
from quantloop_trainer.objects import ObjectStore
from tests.sample_build import LABEL, PERSISTENCE, SYMBOLS, sample_table, store_build

MIGRATIONS = Path(__file__).parents[2] / "db" / "migrations"


@dataclass(frozen=True)
class Services:
    database_url: str
    object_store: ObjectStoreConfig
    temporal_address: str
    namespace: str

    def environment(self, state_dir: Path) -> dict[str, str]:
        """What a trainer process is told."""
        store = self.object_store
        return {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "QUANTLOOP_TRAINER_DATABASE_URL": self.database_url,
            "QUANTLOOP_S3_ENDPOINT": store.endpoint,
            "QUANTLOOP_S3_BUCKET": store.bucket,
            "QUANTLOOP_S3_REGION": store.region,
            "QUANTLOOP_S3_ACCESS_KEY": store.access_key,
            "QUANTLOOP_S3_SECRET_KEY": store.secret_key,
            "QUANTLOOP_STATE_DIR": str(state_dir),
            "QUANTLOOP_TEMPORAL_ADDRESS": self.temporal_address,
            "QUANTLOOP_TEMPORAL_NAMESPACE": self.namespace,
        }


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    told = os.environ.get("QUANTLOOP_TEST_SERVICES")
    if not told:
        pytest.fail("no test services: run the tests with `npm test`, whose set-up starts them")
    given = json.loads(told)
    store = given["objectStore"]
    name = f"test_{uuid4().hex[:16]}"
    with psycopg.connect(given["databaseUrl"], autocommit=True) as admin:
        admin.execute(f"create database {name}".encode())
    url = urlunsplit(urlsplit(given["databaseUrl"])._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as connection:
        for file in sorted(MIGRATIONS.glob("*.sql")):
            for statement in file.read_text().split("--> statement-breakpoint"):
                connection.execute(statement.encode())
    yield Services(
        database_url=url,
        object_store=ObjectStoreConfig(
            endpoint=store["endpoint"],
            bucket=store.get("bucket", "quantloop"),
            region=store["region"],
            access_key=store["accessKey"],
            secret_key=store["secretKey"],
        ),
        temporal_address=given["temporalAddress"],
        namespace=given.get("temporalNamespace", "quantloop"),
    )
    with psycopg.connect(given["databaseUrl"], autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)".encode())


@pytest.fixture(scope="session")
def objects(services: Services, tmp_path_factory: pytest.TempPathFactory) -> ObjectStore:
    return ObjectStore(services.object_store, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def build(objects: ObjectStore) -> ObjectRef:
    """AAPL and GOOG in a shard of their own each, IBM and MSFT likewise: 2000 to 2007."""
    return store_build(objects, [sample_table(symbol) for symbol in SYMBOLS])


def recipe(**changes: Any) -> dict[str, Any]:
    """Quick to fit, and of several blocks in both phases."""
    return {
        "model": "lightgbm",
        "params": {"learning_rate": 0.02, "min_data_in_leaf": 50, "lambda_l2": 10},
        "dataset": "us-daily",
        "featureSet": "sample",
        "label": {"expression": LABEL, "persistence": PERSISTENCE, "kind": "time-series"},
        "segments": {
            "train": {"from": "2003-01-01", "to": "2005-12-31"},
            "earlyStopping": {"from": "2006-01-01", "to": "2006-12-31"},
            "test": {"from": "2007-01-01", "to": "2007-12-31"},
        },
        "seed": 7,
        "maxRounds": 2000,
        "patience": 50,
        "blockRounds": 40,
        "startFrom": "mean",
        # more than one would only wait for each other beside the other tests
        "threads": 1,
        "missing": "accept",
        **changes,
    }


def fit_input(build: ObjectRef, **changes: Any) -> FitInput:
    return FitInput.model_validate({"runId": str(uuid4()), "recipe": recipe(**changes), "build": build.model_dump()})
