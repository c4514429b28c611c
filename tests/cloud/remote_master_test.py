"""Sessions on remote masters: workers get credentials, a new one again."""

from __future__ import annotations

import pytest

from tests.cloud import remote_programs
from tests.cloud.available import BUILT, ENVIRONMENT, PACKAGE

FOLDER = "gs://private/model"


@pytest.fixture(scope="module", params=[PACKAGE, BUILT])
def with_ops(request, run):
    return run(request.param, remote_programs.recover, FOLDER)[0]


def test_worker_that_is_replaced_is_configured_again(with_ops):
    # The new worker restores from the private bucket, before any hook is told
    # of the session.
    assert with_ops["steps"] == [1, 2, 3, 4]
    assert with_ops["recoveries"] == 1
    # Of the client and the worker, and then of the new worker.
    assert with_ops["tokens"] == [2, 3]


def test_credentials_of_a_worker_are_switched(with_ops):
    assert with_ops["switched"] == ["bob"]


def test_worker_without_ops_is_an_error(with_ops):
    refused = with_ops["without ops"]
    assert refused["error"] == "GcsConfigurationError"
    assert "monitored_tf.cloud.load_ops()" in refused["text"]
    assert not refused["leaks"]


def test_without_ops_own_server_works_and_that_of_others_is_an_error(run):
    found, _ = run(ENVIRONMENT, remote_programs.train_on_own_server, FOLDER)
    assert (found["first"], found["weight"]) == (0, 3.0)
    assert found["identities"] == ["alice"]
    refused = found["of others"]
    assert refused["error"] == "GcsConfigurationError"
    assert "monitored_tf.cloud.build" in refused["text"]
    assert not refused["leaks"]
