"""Which mechanism a process has, what it says of it, and what is missing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from monitored_tf import cloud
from monitored_tf.cloud import mechanism, op_library
from tests.cloud.available import BUILT, ENVIRONMENT, PACKAGE, skip_reason


@pytest.fixture
def choose(monkeypatch, tmp_path):
    """Lets the process choose anew, with a library in a folder or none."""

    def choose(named="", cache_home=tmp_path):
        monkeypatch.setenv("MONITORED_TF_GCS_MECHANISM", named)
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
        mechanism.active.cache_clear()

    yield choose
    mechanism.active.cache_clear()


def test_without_ops_the_environment_is_left(choose):
    # Where the package loads it would come before.
    choose("" if skip_reason(PACKAGE) else ENVIRONMENT)
    assert mechanism.active().name == ENVIRONMENT
    with pytest.raises(cloud.GcsConfigurationError, match="no ops here"):
        cloud.load_ops()
    said = cloud.doctor()
    assert "active: environment" in said
    assert "a block cache and the tasks behind a remote master" in said
    if not skip_reason(BUILT):
        assert f"built-ops: not built: {op_library.BUILD_COMMAND}" in said


def test_library_that_is_built_is_loaded(choose, built):
    choose("" if skip_reason(PACKAGE) else BUILT, built)
    assert cloud.load_ops() == BUILT
    assert "active: built-ops" in cloud.doctor()


@pytest.mark.skipif(bool(skip_reason(PACKAGE)), reason=skip_reason(PACKAGE))
def test_package_comes_first(choose, cache_home):
    choose("", cache_home)
    assert cloud.load_ops() == PACKAGE
    assert "environment: works too" in cloud.doctor()


def test_choice_is_made_once(choose):
    choose(ENVIRONMENT)
    first = mechanism.active()
    os.environ["MONITORED_TF_GCS_MECHANISM"] = "magic"
    assert mechanism.active() is first


def test_library_that_cannot_be_loaded_is_told(choose):
    if skip_reason(BUILT):
        pytest.skip(skip_reason(BUILT))
    choose(BUILT)
    op_library.path().parent.mkdir()
    op_library.path().write_bytes(b"no library")
    with pytest.raises(cloud.GcsConfigurationError, match="makes it anew"):
        mechanism.active()
    assert "active: none. Nothing here can configure gs://." in cloud.doctor()


def test_name_that_is_none_is_an_error(choose):
    choose("magic")
    names = f"{PACKAGE}, {BUILT}, {ENVIRONMENT}"
    with pytest.raises(cloud.GcsConfigurationError, match=f"one of {names}"):
        mechanism.active()


def test_command_tells_what_the_log_does(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "monitored_tf.cloud"],
        env={**os.environ, "MONITORED_TF_GCS_MECHANISM": ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "active: environment" in done.stdout
    assert "network to a remote master unencrypted" in done.stdout
