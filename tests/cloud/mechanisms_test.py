"""Each mechanism against the server, which sees whose token arrives."""

from __future__ import annotations

import pytest

from tests.cloud import gcs_programs
from tests.cloud.available import BUILT, ENVIRONMENT, PACKAGE

MIB = 2**20


@pytest.fixture(scope="module", params=[PACKAGE, BUILT])
def with_ops(request, run, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("colab") / "adc.json")
    return run(request.param, gcs_programs.use_ops, path)[0]


def test_token_is_of_the_credentials_given_last(with_ops):
    found = with_ops["switch"]
    assert found["readers"] == [["alice"], ["bob"], ["bob"]]
    # One for each kind: the second is not the token of the first.
    assert found["tokens"] == 2


def test_colab_session_has_the_credentials_of_the_file(with_ops):
    assert with_ops["colab"] == ["alice"]


def test_reads_show_the_block_cache(with_ops):
    assert with_ops["cache"] == {
        "1 MiB": [[0, MIB - 1], [MIB, 2 * MIB - 1]],
        "1 MiB, again": [],
        "third": [[2 * MIB, 3 * MIB - 1]],
        "first, again": [[0, MIB - 1]],
        "2 MiB": [[0, 2 * MIB - 1], [2 * MIB, 4 * MIB - 1]],
        "2 MiB, again": [],
        "none kept": 2,
    }


def check(attempt, *errors):
    assert attempt["error"] in errors, attempt
    assert attempt["secs"] < 20, attempt
    assert not attempt["leaks"], attempt


def test_faults_end_in_an_error_soon(with_ops):
    found = with_ops["fail"]
    assert found["still"] == ["alice"]
    for name in (
        "token REFUSE",
        "token MALFORMED",
        "token CLOSE",
        "revoked",
        "training revoked",
        "unreachable token",
    ):
        check(found[name], "GcsConfigurationError")
        assert "gs:// was not configured: " in found[name]["text"]
    for name in ("storage REFUSE", "expired"):
        check(found[name], "PermissionDeniedError")
    for name in ("storage CLOSE", "training CLOSE", "unreachable"):
        check(found[name], "AbortedError")
    assert found["storage MALFORMED"]["secs"] < 20


def test_environment_leads_to_credentials_until_they_are_used(run):
    found, output = run(ENVIRONMENT, gcs_programs.use_once, "service_account")
    assert found["readers"] == ["alice"]
    assert found["again"]["error"] is None
    assert found["changed"]["error"] == "GcsConfigurationError"
    assert "a process for each" in found["changed"]["text"]
    assert found["cached"]["error"] == "GcsConfigurationError"
    assert "GCS_READ_CACHE_BLOCK_SIZE_MB=1 " in found["cached"]["text"]
    assert "GCS_READ_CACHE_MAX_SIZE_MB=4 " in found["cached"]["text"]
    assert "GCS_READ_CACHE_MAX_STALENESS=30" in found["cached"]["text"]
    assert found["child"] != 0, "a child process could open the file"
    assert found["metadata"] == 0, "the machine's account was asked for"
    assert "Limits: a token that TensorFlow has already stays" in output


def test_faults_without_ops_end_in_an_error_soon(run):
    found, _ = run(ENVIRONMENT, gcs_programs.fail_without_ops)
    assert found["healed"] == ["alice"]
    for name in ("token REFUSE", "token MALFORMED", "token CLOSE", "revoked"):
        check(found[name], "PermissionDeniedError")
    check(found["unreachable"], "AbortedError")
