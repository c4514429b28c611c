"""Cloud Storage's JSON API over buckets in memory."""

from __future__ import annotations

import ast
import dataclasses
import datetime
import re
import urllib.parse
import uuid
from collections.abc import Collection

from tests.cloud.oauth import json_answer
from tests.cloud.tls_proxy import Answer, Request


class StorageError(Exception):
    """A request that is refused, with the status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclasses.dataclass(frozen=True)
class StoredObject:
    """Content of an object and when it was written."""

    data: bytes
    generation: int
    updated: str


@dataclasses.dataclass
class Bucket:
    """A bucket.

    Attributes:
        owners: Identities that may use it; None: all, with or without token.
        objects: Its objects, by name.
    """

    owners: Collection[str] | None = None
    objects: dict[str, StoredObject] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class _Upload:
    name: str
    data: bytearray = dataclasses.field(default_factory=bytearray)


class Storage:
    """The buckets, and the answers to requests about them.

    Attributes:
        buckets: The buckets, by name.
        page_size: Names in one answer to a list request, at most.
    """

    def __init__(self) -> None:
        self.buckets: dict[str, Bucket] = {}
        self.page_size = 1000
        self._uploads: dict[str, _Upload] = {}
        self._generation = 0

    def answer(self, request: Request) -> Answer:
        """Does what a request asks, for the identity that it has."""
        try:
            return self._route(request)
        except StorageError as error:
            message = {"code": error.status, "message": str(error)}
            return json_answer({"error": message}, status=error.status)

    def _route(self, request: Request) -> Answer:
        for method, pattern, action in _ROUTES:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                names = [urllib.parse.unquote(n) for n in match.groups()]
                request.call = action.__name__.lstrip("_")
                request.object_name = "".join(names[1:2])
                bucket = self._open(names[0], request)
                return action(self, request, bucket, *names[1:])
        raise StorageError(
            404, f"no such call: {request.method} {request.path}"
        )

    def _open(self, name: str, request: Request) -> Bucket:
        bucket = self.buckets.get(name)
        if bucket is not None and bucket.owners is None:
            return bucket
        if not request.is_accepted:
            raise StorageError(401, "Invalid Credentials")
        if bucket is None:
            raise StorageError(404, "The specified bucket does not exist.")
        if request.identity not in bucket.owners:
            raise StorageError(403, f"{request.identity} has no access")
        return bucket

    def put(self, bucket: Bucket, name: str, data: bytes) -> StoredObject:
        """Stores an object."""
        self._generation += 1
        now = datetime.datetime.now(datetime.timezone.utc)
        stored = StoredObject(
            bytes(data), self._generation, now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        )
        bucket.objects[name] = stored
        return stored

    def _get_bucket(self, request, bucket) -> Answer:
        return json_answer({"kind": "storage#bucket", "location": "US"})

    def _list(self, request, bucket) -> Answer:
        prefix = request.query.get("prefix", "")
        names = sorted(n for n in bucket.objects if n.startswith(prefix))
        delimiter = request.query.get("delimiter", "")
        entries = list(
            dict.fromkeys(_entry(name, prefix, delimiter) for name in names)
        )
        first = int(request.query.get("pageToken", 0))
        most = int(request.query.get("maxResults", self.page_size))
        last = first + min(most, self.page_size)
        page = entries[first:last]
        answer: dict[str, object] = {
            "items": [
                _metadata(name, bucket.objects[name])
                for name, is_folder in page
                if not is_folder
            ],
            "prefixes": [name for name, is_folder in page if is_folder],
        }
        if last < len(entries):
            answer["nextPageToken"] = str(last)
        return json_answer({k: v for k, v in answer.items() if v})

    def _get(self, request, bucket, name) -> Answer:
        stored = _find(bucket, name)
        if request.query.get("alt") == "media":
            return self._read(request, bucket, name)
        return json_answer(_metadata(name, stored))

    def _read(self, request, bucket, name) -> Answer:
        data = _find(bucket, name).data
        if request.byte_range is None:
            return Answer(200, data)
        first, last = request.byte_range
        if first >= len(data):
            raise StorageError(416, "The range is behind the end.")
        part = data[first : last + 1]
        span = f"bytes {first}-{first + len(part) - 1}/{len(data)}"
        return Answer(206, part, {"Content-Range": span})

    def _delete(self, request, bucket, name) -> Answer:
        _find(bucket, name)
        del bucket.objects[name]
        return Answer(204)

    def _copy(self, request, bucket, name, target, new_name) -> Answer:
        # _route knows one bucket only: the second is checked here.
        to = self._open(target, request)
        stored = self.put(to, new_name, _find(bucket, name).data)
        resource = _metadata(new_name, stored)
        return json_answer({"done": True, "resource": resource})

    def _compose(self, request, bucket, name) -> Answer:
        # TensorFlow writes single quotes, which Google takes.
        parts = ast.literal_eval(request.body.decode())["sourceObjects"]
        data = b"".join(_find(bucket, p["name"]).data for p in parts)
        return json_answer(_metadata(name, self.put(bucket, name, data)))

    def _begin_upload(self, request, bucket) -> Answer:
        name = request.query["name"]
        is_new = request.query.get("ifGenerationMatch") == "0"
        if is_new and name in bucket.objects:
            raise StorageError(412, f"{name} exists.")
        if request.query["uploadType"] == "media":
            stored = self.put(bucket, name, request.body)
            return json_answer(_metadata(name, stored))
        upload = uuid.uuid4().hex
        self._uploads[upload] = _Upload(name)
        place = f"https://{request.host}{request.path}"
        query = f"uploadType=resumable&upload_id={upload}"
        return Answer(200, headers={"Location": f"{place}?{query}"})

    def _continue_upload(self, request, bucket) -> Answer:
        upload = self._uploads[request.query["upload_id"]]
        # Without the header, as for an empty file, the body is the whole.
        whole = f"bytes 0-/{len(request.body)}"
        given = request.headers.get("content-range", whole)
        span, _, total = given.rpartition("/")
        if not span.endswith("*"):
            first = int(span.removeprefix("bytes ").partition("-")[0])
            upload.data[first:] = request.body
        if len(upload.data) == int(total):
            stored = self.put(bucket, upload.name, bytes(upload.data))
            return json_answer(_metadata(upload.name, stored))
        received = f"bytes=0-{len(upload.data) - 1}"
        return Answer(308, headers={"Range": received} if upload.data else {})


def _find(bucket: Bucket, name: str) -> StoredObject:
    if name not in bucket.objects:
        raise StorageError(404, f"No such object: {name}")
    return bucket.objects[name]


def _entry(name: str, prefix: str, delimiter: str) -> tuple[str, bool]:
    """The name, or the folder below the prefix that holds it; and which."""
    head, found, _ = name[len(prefix) :].partition(delimiter or "\0")
    return prefix + head + found, bool(found)


def _metadata(name: str, stored: StoredObject) -> dict[str, str]:
    return {
        "name": name,
        "size": str(len(stored.data)),
        "generation": str(stored.generation),
        "updated": stored.updated,
    }


_OBJECT = "/storage/v1/b/([^/]+)/o/([^/]+)"
_UPLOADS = "/upload/storage/v1/b/([^/]+)/o"
_ROUTES = (
    ("GET", "/storage/v1/b/([^/]+)", Storage._get_bucket),
    ("GET", "/storage/v1/b/([^/]+)/o", Storage._list),
    ("GET", _OBJECT, Storage._get),
    ("DELETE", _OBJECT, Storage._delete),
    ("POST", f"{_OBJECT}/rewriteTo/b/([^/]+)/o/([^/]+)", Storage._copy),
    ("POST", f"{_OBJECT}/compose", Storage._compose),
    ("POST", _UPLOADS, Storage._begin_upload),
    ("PUT", _UPLOADS, Storage._continue_upload),
    ("GET", "/([^/]+)/(.+)", Storage._read),
)
