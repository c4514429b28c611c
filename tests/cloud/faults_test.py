"""What refuses, breaks or is away ends in an error soon; it tells nothing."""

from __future__ import annotations

import pytest

from tests.cloud import gcs_programs
from tests.cloud.conftest import BUILT, ENVIRONMENT, PACKAGE


def check(attempt, *errors):
    assert attempt["error"] in errors, attempt
    assert attempt["secs"] < 20, attempt
    assert not attempt["leaks"], attempt


@pytest.mark.parametrize("mechanism", [PACKAGE, BUILT])
def test_with_ops(run, mechanism):
    found = run(mechanism, gcs_programs.fail)
    assert found.pop("still") == ["alice"]
    for name in (
        "token REFUSE",
        "token MALFORMED",
        "token CLOSE",
        "revoked",
        "unreachable token",
    ):
        check(found[name], "GcsConfigurationError")
        assert "gs:// was not configured: " in found[name]["text"]
    assert "invalid_grant" in found["revoked"]["text"] or mechanism == PACKAGE
    for name in ("storage REFUSE", "expired"):
        check(found[name], "PermissionDeniedError")
    for name in ("storage CLOSE", "unreachable"):
        check(found[name], "AbortedError")
    assert found["storage MALFORMED"]["secs"] < 20


def test_without_ops(run):
    found = run(ENVIRONMENT, gcs_programs.fail_without_ops)
    assert found["healed"] == ["alice"]
    for name in ("token REFUSE", "token MALFORMED", "token CLOSE", "revoked"):
        check(found[name], "PermissionDeniedError")
    check(found["unreachable"], "AbortedError")
