"""Each mechanism against the server, which sees whose token arrives."""

from __future__ import annotations

import pytest

from tests.cloud import gcs_programs
from tests.cloud.conftest import BUILT, ENVIRONMENT, PACKAGE

WITH_OPS = (PACKAGE, BUILT)
MIB = 2**20


@pytest.mark.parametrize("mechanism", WITH_OPS)
def test_token_is_of_the_credentials_given_last(run, mechanism):
    found = run(mechanism, gcs_programs.switch)
    assert found["readers"] == [["alice"], ["bob"], ["bob"]]
    # One for each kind: the second is not the token of the first.
    assert found["tokens"] == 2


def test_colab_session_has_the_credentials_of_the_file(run, tmp_path):
    path = str(tmp_path / "adc.json")
    # With or without ops: the file is not read again.
    assert run(ENVIRONMENT, gcs_programs.use_colab, path) == ["alice"]


@pytest.mark.parametrize("kind", [gcs_programs.USER, gcs_programs.ACCOUNT])
def test_environment_leads_to_credentials_until_they_are_used(run, kind):
    found = run(ENVIRONMENT, gcs_programs.use_once, kind)
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
    assert "Limits: a token that TensorFlow has already stays" in run.output


@pytest.mark.parametrize("mechanism", WITH_OPS)
def test_reads_show_the_block_cache(run, mechanism):
    assert run(mechanism, gcs_programs.cache) == {
        "1 MiB": [[0, MIB - 1], [MIB, 2 * MIB - 1]],
        "1 MiB, again": [],
        "third": [[2 * MIB, 3 * MIB - 1]],
        "first, again": [[0, MIB - 1]],
        "2 MiB": [[0, 2 * MIB - 1], [2 * MIB, 4 * MIB - 1]],
        "2 MiB, again": [],
        "none kept": 2,
    }
