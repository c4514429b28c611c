"""Training in a private bucket, with nothing but the hook."""

from __future__ import annotations

import os
import pathlib
import stat
import tempfile
import time

import pytest

from tests.cloud import gcs_programs
from tests.cloud.available import BUILT, ENVIRONMENT, PACKAGE

KINDS = {
    PACKAGE: gcs_programs.USER,
    BUILT: gcs_programs.ACCOUNT,
    ENVIRONMENT: gcs_programs.USER,
}
_LARGEST_LOG = 2**26


def files_since(folder, begin):
    """Files that were written since a time, as far as they can be read."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            try:
                found = os.lstat(path)
                if (
                    found.st_mtime >= begin
                    and found.st_size <= _LARGEST_LOG
                    and stat.S_ISREG(found.st_mode)
                ):
                    yield path, pathlib.Path(path).read_bytes()
            except OSError:  # Another process's, or gone meanwhile.
                continue


@pytest.mark.parametrize("mechanism", KINDS)
def test_trains_and_goes_on(run, mechanism):
    begin = time.time() - 1
    found, output = run(
        mechanism,
        gcs_programs.train_twice,
        "gs://private/model",
        KINDS[mechanism],
    )
    assert found["runs"] == [
        {"first": 0, "weight": 2.0, "added": []},
        {"first": 2, "weight": 3.0, "added": []},
    ]
    assert found["identities"] == ["alice"]
    assert "model/model.ckpt-3.index" in found["files"]
    assert "model/graph.pbtxt" in found["files"]
    assert found["leaks"] == []
    assert found["secrets"]
    for secret in found["secrets"]:
        assert secret not in output
    for path, content in files_since(tempfile.gettempdir(), begin):
        for secret in found["secrets"]:
            assert secret.encode() not in content, path
