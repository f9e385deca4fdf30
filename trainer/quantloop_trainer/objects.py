"""Content-addressed objects in the S3 store, under the same keys as storage/ writes them, each read verified."""

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from quantloop_trainer.config import ObjectStoreConfig
from quantloop_trainer.contracts import ObjectRef
from quantloop_trainer.failures import QuantloopError
from quantloop_trainer.retry import until_available

_ABSENT = {"NoSuchKey", "NoSuchBucket", "NoSuchObject"}
_REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidBucketName"}


def canonical_json(value: Any) -> bytes:
    """The same bytes for the same value: keys sorted, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


class ObjectStore:
    def __init__(self, config: ObjectStoreConfig, cache_dir: Path) -> None:
        address = urlsplit(config.endpoint)
        self._client = Minio(
            address.netloc,
            access_key=config.access_key,
            secret_key=config.secret_key,
            secure=address.scheme == "https",
            region=config.region,
            # a time-out of ours and no retries of theirs: `until_available` waits, and says so in the log
            http_client=urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=8), retries=False),
        )
        self._bucket = config.bucket
        self._cache_dir = cache_dir

    def put(self, content: bytes, extension: str) -> ObjectRef:
        """Stores bytes under their own hash; storing the same bytes again changes nothing."""
        sha256 = hashlib.sha256(content).hexdigest()
        uri = f"objects/{sha256[:2]}/{sha256}.{extension}"
        until_available("the object store", lambda: self._upload(uri, content), _is_away)
        return ObjectRef(uri=uri, sha256=sha256, bytes=len(content))

    def get(self, ref: ObjectRef) -> bytes:
        """:raises QuantloopError: object_missing | object_corrupt | unavailable"""
        return self.file(ref).read_bytes()

    def file(self, ref: ObjectRef) -> Path:
        """A verified, read-only copy in the local cache, for readers that map it into memory.

        :raises QuantloopError: object_missing | object_corrupt | unavailable
        """
        path = self._cache_dir / ref.uri
        if _hash_of(path) == ref.sha256:
            return path
        content = self._verified(ref)
        incoming = self._cache_dir / "incoming" / str(uuid4())
        incoming.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        incoming.write_bytes(content)
        incoming.chmod(0o444)
        # a file has its final name only when it is whole
        os.replace(incoming, path)
        return path

    def _upload(self, uri: str, content: bytes) -> None:
        self._client.put_object(self._bucket, uri, io.BytesIO(content), len(content))

    def _verified(self, ref: ObjectRef) -> bytes:
        found = ""
        # read twice before calling it corrupt: the first answer may have been altered on its way
        for _ in range(2):
            content = until_available("the object store", lambda: self._download(ref), _is_away)
            found = hashlib.sha256(content).hexdigest()
            if found == ref.sha256:
                return content
        raise QuantloopError(
            "object_corrupt",
            f"the bytes of {ref.uri} hash to {found}, not to {ref.sha256}: restore the object, or make it again",
            {"object": ref.uri, "expectedSha256": ref.sha256, "foundSha256": found},
        )

    def _download(self, ref: ObjectRef) -> bytes:
        try:
            response = self._client.get_object(self._bucket, ref.uri)
        except S3Error as error:
            if error.code not in _ABSENT:
                raise
            raise QuantloopError(
                "object_missing",
                f"the object {ref.uri} is not in the store: restore it from a backup, or make it again",
                {"object": ref.uri},
            ) from error
        try:
            return response.read()
        finally:
            response.close()
            response.release_conn()


def _is_away(error: Exception) -> bool:
    if isinstance(error, S3Error):
        return error.code not in _ABSENT | _REFUSED
    return isinstance(error, MinioException | urllib3.exceptions.HTTPError | OSError)


def _hash_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
