"""Sessions on remote masters: workers get credentials, a new one again."""

from __future__ import annotations

import pytest

from tests.cloud import remote_programs
from tests.cloud.conftest import BUILT, ENVIRONMENT, PACKAGE

FOLDER = "gs://private/model"


@pytest.mark.parametrize("mechanism", [PACKAGE, BUILT])
def test_worker_that_is_replaced_is_configured_again(run, mechanism):
    found = run(mechanism, remote_programs.recover, FOLDER)
    # The new worker restores from the private bucket, before any hook is told
    # of the session.
    assert found["steps"] == [1, 2, 3, 4]
    assert found["recoveries"] == 1
    assert found["switched"] == ["bob"]
    client_and_worker, and_new_worker = found["tokens"]
    assert (client_and_worker, and_new_worker) == (2, 3)


@pytest.mark.parametrize("mechanism", [PACKAGE, BUILT])
def test_worker_without_ops_is_an_error(run, mechanism):
    found = run(mechanism, remote_programs.refuse, False)
    assert found["error"] == "GcsConfigurationError"
    assert "monitored_tf.cloud.load_ops()" in found["text"]
    assert not found["leaks"]


def test_no_ops_at_all_are_an_error(run):
    found = run(ENVIRONMENT, remote_programs.refuse, False)
    assert found["error"] == "GcsConfigurationError"
    assert "monitored_tf.cloud.build" in found["text"]
    assert not found["leaks"]


def test_server_of_this_process_needs_no_ops(run):
    found = run(ENVIRONMENT, remote_programs.train_on_own_server, FOLDER)
    assert (found["first"], found["weight"]) == (0, 3.0)
    assert found["identities"] == ["alice"]
