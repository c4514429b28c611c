"""TensorFlow's own gs:// client against the server that plays Google."""

from __future__ import annotations

import json

import pytest

from tests.cloud import programs, scenario
from tests.cloud.gcs_server import Fault, GcsServer, Part

# "Within seconds", on a machine that is busy.
SOON_SECS = 20


@pytest.fixture
def server():
    with GcsServer() as server:
        server.make_bucket("private", owners=["alice"])
        yield server


@pytest.fixture
def as_user(server, tmp_path):
    """Leads to the server, with a file of credentials."""

    def as_user(identity="alice", kind="authorized_user", **options):
        file = tmp_path / f"{identity}.json"
        file.write_text(json.dumps(getattr(server, kind)(identity)))
        return server.environment(file, **options)

    return as_user


def store(server, name, data=b"content"):
    server.storage.put(server.storage.buckets["private"], name, data)


def run(program, *arguments, environment):
    outcome = scenario.run(program, *arguments, environment=environment)
    assert outcome.exit_code == 0, outcome.output
    return outcome.result


def read_soon(environment):
    found = run(programs.read, "gs://private/file", environment=environment)
    assert found["secs"] < SOON_SECS, found
    return found


@pytest.mark.parametrize("kind", ["authorized_user", "service_account"])
def test_files_are_used_with_a_token_of_these_credentials(
    server, as_user, kind
):
    found = run(
        programs.use_files, "gs://private/f", environment=as_user(kind=kind)
    )
    assert found == {
        "content": "one and more",
        "tail": "and",
        "size": 0,
        "listed": ["empty", "one.txt"],
        "renamed": [False, True],
        "left": ["gs://private/f/a/empty"],
    }
    assert server.identities() == {"alice"}
    (token,) = server.tokens_for("alice")
    assert {r.token for r in server.requests_to(Part.STORAGE)} == {token}


def test_checkpoint_is_saved_and_restored(server, as_user):
    found = run(
        programs.save_and_restore, "gs://private/m", environment=as_user()
    )
    path = "gs://private/m/model.ckpt-7"
    assert found == {"path": path, "latest": path, "equal": True}
    assert "m/checkpoint" in server.storage.buckets["private"].objects
    data = "m/model.ckpt-7.data-00000-of-00001"
    assert {r.status for r in server.calls("read", data)} == {206}


def test_lists_come_in_pages(server, as_user):
    server.storage.page_size = 2
    for name in "abcde":
        store(server, f"f/{name}")
    pattern = "gs://private/f/*"
    found = run(programs.glob, pattern, environment=as_user())
    assert found == [f"gs://private/f/{name}" for name in "abcde"]
    pages = [r.query.get("pageToken") for r in server.calls("list")]
    assert pages == [None, "2", "4"]


def test_machine_account_is_used_without_credentials(server):
    server.issuer.machine_account = "alice"
    store(server, "file")
    assert read_soon(server.environment())["content"] == "content"
    assert server.identities() == {"alice"}


def test_short_lived_tokens_are_minted_again(server, as_user):
    server.issuer.token_secs = 30
    store(server, "file")
    assert read_soon(as_user())["content"] == "content"
    (read,) = server.calls("read")
    assert read.byte_range[0] == 0
    assert len(server.tokens_for("alice")) > 1


def test_token_of_another_is_refused(server, as_user):
    assert read_soon(as_user("bob"))["error"] == "PermissionDeniedError"
    assert server.identities() == {"bob"}
    assert {r.status for r in server.calls()} == {403}


def test_no_token_is_refused(server):
    environment = server.environment(gce_check=False)
    assert read_soon(environment)["error"] == "PermissionDeniedError"
    assert server.requests_to(Part.METADATA) == []
    assert {r.status for r in server.calls()} == {401}


def test_revoked_credentials_are_refused(server, as_user):
    environment = as_user()
    server.revoke("alice")
    assert read_soon(environment)["error"] == "PermissionDeniedError"
    (grant,) = server.requests_to(Part.OAUTH)
    assert (grant.identity, grant.status) == ("alice", 400)


@pytest.mark.parametrize(
    ("part", "fault", "error"),
    [
        (Part.OAUTH, Fault.MALFORMED, "PermissionDeniedError"),
        (Part.OAUTH, Fault.CLOSE, "PermissionDeniedError"),
        (Part.STORAGE, Fault.UNAVAILABLE, "AbortedError"),
        (Part.STORAGE, Fault.MALFORMED, "InternalError"),
        (Part.STORAGE, Fault.HANG, "AbortedError"),
    ],
)
def test_faults_reach_the_client(server, as_user, part, fault, error):
    server.plant(part, fault)
    store(server, "file")
    environment = as_user(gce_check=False)
    environment["GCS_METADATA_REQUEST_TIMEOUT_SECS"] = "3"
    assert read_soon(environment)["error"] == error
    assert server.requests_to(part)


def test_stopped_server_is_unreachable(server, as_user):
    environment = as_user(gce_check=False)
    server.stop()
    assert read_soon(environment)["error"] == "AbortedError"
    assert server.requests == []
