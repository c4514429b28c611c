"""What the tests of prepared runs share."""

from __future__ import annotations

import os

import pytest

from monitored_tf import _tf_private


class PreparedRuns:
    """Counts the steps that were run as prepared lists."""

    is_public_only = os.environ.get("MONITORED_TF_PUBLIC_API_ONLY", "0") != "0"

    def __init__(self) -> None:
        self.count = 0

    def take(self) -> int:
        """Returns how many there were since it was last asked."""
        count, self.count = self.count, 0
        return count

    def expect(self, count: int) -> None:
        """Asserts that there were so many since it was last asked."""
        assert self.take() == (0 if self.is_public_only else count)


@pytest.fixture
def prepared_runs(monkeypatch):
    """A `PreparedRuns` for what runs during the test."""
    runs = PreparedRuns()
    run = _tf_private.PreparedRunner.run

    def counted(*args):
        try:
            values = run(*args)
        except Exception:
            runs.count += 1
            raise
        runs.count += values is not None
        return values

    monkeypatch.setattr(_tf_private.PreparedRunner, "run", counted)
    return runs
