"""What the storage API answers where TensorFlow's client seldom asks."""

from __future__ import annotations

import json

import pytest

from tests.cloud.storage import Bucket, Storage
from tests.cloud.tls_proxy import Request

UPLOADS = "/upload/storage/v1/b/b/o"


@pytest.fixture
def storage():
    storage = Storage()
    storage.buckets["b"] = Bucket()
    return storage


def ask(storage, method, path, query=(), body=b"", **headers):
    names = {k.replace("_", "-"): v for k, v in headers.items()}
    request = Request(
        method, "www.googleapis.com", path, dict(query), names, body
    )
    return storage.answer(request)


def test_upload_says_how_much_it_has(storage):
    begin = {"uploadType": "resumable", "name": "o"}
    place = ask(storage, "POST", UPLOADS, begin).headers["Location"]
    session = {"upload_id": place.rpartition("upload_id=")[2]}

    def put(body, span):
        answer = ask(storage, "PUT", UPLOADS, session, body, content_range=span)
        return answer.status, answer.headers.get("Range")

    assert put(b"", "bytes */6") == (308, None)
    assert put(b"abcd", "bytes 0-3/6") == (308, "bytes=0-3")
    assert put(b"", "bytes */6") == (308, "bytes=0-3")
    assert put(b"ef", "bytes 4-5/6")[0] == 200
    assert storage.buckets["b"].objects["o"].data == b"abcdef"


def test_upload_of_a_new_object_replaces_none(storage):
    query = {"uploadType": "media", "name": "o"}
    assert ask(storage, "POST", UPLOADS, query, b"one").status == 200
    query["ifGenerationMatch"] = "0"
    assert ask(storage, "POST", UPLOADS, query, b"two").status == 412
    assert storage.buckets["b"].objects["o"].data == b"one"


def test_ranges_end_with_the_object(storage):
    storage.put(storage.buckets["b"], "f/o", b"abcdef")

    def read(span):
        answer = ask(storage, "GET", "/b/f%2Fo", range=span)
        return answer.status, answer.headers.get("Content-Range"), answer.body

    assert read("bytes=2-3") == (206, "bytes 2-3/6", b"cd")
    assert read("bytes=4-99") == (206, "bytes 4-5/6", b"ef")
    assert read("bytes=6-99")[0] == 416


def test_list_folds_folders(storage):
    for name in ("a/x", "a/y", "b", "c/", "c/z"):
        storage.put(storage.buckets["b"], name, b"")
    query = {"delimiter": "/"}
    answer = ask(storage, "GET", "/storage/v1/b/b/o", query)
    listed = json.loads(answer.body)
    assert [item["name"] for item in listed["items"]] == ["b"]
    assert listed["prefixes"] == ["a/", "c/"]


def test_objects_are_composed(storage):
    for name in "xy":
        storage.put(storage.buckets["b"], name, name.encode())
    body = b"{'sourceObjects': [{'name': 'x'},{'name': 'y'}]}"
    ask(storage, "POST", "/storage/v1/b/b/o/x/compose", body=body)
    assert storage.buckets["b"].objects["x"].data == b"xy"


def test_rewrite_into_a_private_bucket_is_refused(storage):
    storage.put(storage.buckets["b"], "o", b"content")
    storage.buckets["private"] = Bucket(owners=["alice"])
    path = "/storage/v1/b/b/o/o/rewriteTo/b/private/o/o"
    assert ask(storage, "POST", path).status == 401
    assert storage.buckets["private"].objects == {}
