"""Rounds of train, evaluate and predict leave nothing in the process."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import monitored_tf
from tests.estimator import many_rounds

_ROOT = pathlib.Path(monitored_tf.__file__).parents[1]
# It is 1 MB. Each graph that is kept takes 0.8, and a round makes three.
_MOST_MB = 4


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Its numbers are Linux's"
)
def test_nothing_grows_over_many_rounds(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", many_rounds.__name__, str(tmp_path)],
        cwd=_ROOT,
        # Of one heap: each of many threads has holes of its own otherwise.
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=280,
    )
    before, after = json.loads(done.stdout)
    grown_mb = after.pop("mb") - before.pop("mb")
    assert after == before
    assert grown_mb < _MOST_MB
