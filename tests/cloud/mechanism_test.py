"""Which mechanism a process has, what it says of it, and what is missing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from monitored_tf.cloud import op_library
from tests.cloud.conftest import BUILT, ENVIRONMENT, PACKAGE, skip_reason

PROGRAM = """
import absl.logging
absl.logging.set_verbosity(absl.logging.INFO)
import monitored_tf.cloud as cloud
from monitored_tf.cloud import mechanism

try:
    print("ACTIVE", mechanism.active().name)
    print("LOADED", cloud.load_ops())
except cloud.GcsConfigurationError as error:
    print("ERROR", error)
print(cloud.doctor())
"""


def say(cache_home, named=""):
    """What a process says whose library would be in a folder."""
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(cache_home),
        "MONITORED_TF_GCS_MECHANISM": named,
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr


def test_without_ops_the_environment_is_left(tmp_path):
    said, logged = say(tmp_path, "" if skip_reason(PACKAGE) else ENVIRONMENT)
    assert "ACTIVE environment\n" in said
    assert "ERROR There are no ops here to load" in said
    assert "gs:// is configured by: environment." in logged
    assert "a block cache and the tasks behind a remote master" in said
    if not skip_reason(BUILT):
        assert f"built-ops: not built: {op_library.BUILD_COMMAND}" in said


def test_library_that_is_built_is_loaded(built, cache_home):
    assert "gcs_ops-" in built
    said, logged = say(cache_home, "" if skip_reason(PACKAGE) else BUILT)
    assert "ACTIVE built-ops\nLOADED built-ops\n" in said
    assert "gs:// is configured by: built-ops." in logged


@pytest.mark.skipif(bool(skip_reason(PACKAGE)), reason=skip_reason(PACKAGE))
def test_package_comes_first(cache_home):
    said, _ = say(cache_home)
    assert f"ACTIVE {PACKAGE}\nLOADED {PACKAGE}\n" in said
    assert "environment: works too" in said


def test_library_that_cannot_be_loaded_is_told(tmp_path, monkeypatch):
    if skip_reason(BUILT):
        pytest.skip(skip_reason(BUILT))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    op_library.path().parent.mkdir()
    op_library.path().write_bytes(b"no library")
    said, _ = say(tmp_path, BUILT)
    assert "ERROR Nothing here can configure gs://. built-ops: " in said
    assert "active: none." in said


def test_name_that_is_none_is_an_error(tmp_path):
    said, _ = say(tmp_path, "magic")
    names = f"{PACKAGE}, {BUILT}, {ENVIRONMENT}"
    assert f"MONITORED_TF_GCS_MECHANISM must be one of {names}." in said


def test_command_tells_the_same(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "monitored_tf.cloud"],
        env={**os.environ, "MONITORED_TF_GCS_MECHANISM": ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "active: environment" in done.stdout
    assert "network to a remote master unencrypted" in done.stdout
