"""PostgreSQL or the store goes away in the middle of a fit, and comes back."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from quantloop_trainer.contracts import ObjectRef
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.messages import Done, Progress
from quantloop_trainer.objects import ObjectStore
from tests.conftest import Services, fit_input
from tests.processes import Child
from tests.severable import Severable


def at_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{port}"))


def port_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


@pytest.mark.parametrize("who", ["PostgreSQL", "the object store"])
def test_a_fit_outlasts_an_absence(services: Services, build: ObjectRef, tmp_path: Path, who: str) -> None:
    quiet = Child.start(services, tmp_path / "quiet", fit_input(build)).result()
    real = services.database_url if who == "PostgreSQL" else services.object_store.endpoint
    with Severable(*port_of(real)) as severable:
        through = (
            replace(services, database_url=at_port(real, severable.port))
            if who == "PostgreSQL"
            else replace(services, object_store=replace(services.object_store, endpoint=at_port(real, severable.port)))
        )
        child = Child.start(through, tmp_path / "other", fit_input(build))
        told = []
        for message in child.messages():
            told.append(message)
            if isinstance(message, Progress) and len(told) == 1:
                severable.sever()
                assert severable.refused.wait(60)
                severable.restore()
        assert child.process.wait() == 0
    last = told[-1]
    assert isinstance(last, Done)
    assert last.result == quiet


def test_a_missing_object_is_no_absence(objects: ObjectStore) -> None:
    lost = ObjectRef(uri=f"objects/ab/{'ab' * 32}.json", sha256="ab" * 32, bytes=3)
    with pytest.raises(QuantloopError, match="is not in the store") as caught:
        objects.get(lost)
    assert caught.value.code == "object_missing"


def test_bytes_other_than_the_hashed_are_refused(services: Services, objects: ObjectStore, tmp_path: Path) -> None:
    stored = objects.put(b"as it was", "txt")
    wrong = stored.model_copy(update={"sha256": "ab" * 32})
    with pytest.raises(QuantloopError, match="hash to") as caught:
        objects.get(wrong)
    assert caught.value.code == "object_corrupt"
    # a cached copy that was altered is fetched again
    fresh = ObjectStore(services.object_store, tmp_path)
    path = fresh.file(stored)
    path.chmod(0o600)
    path.write_bytes(b"altered!!")
    assert fresh.get(stored) == b"as it was"
