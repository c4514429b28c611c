"""The mechanisms that this machine has, and runs of programs by each."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys

import pytest
import tensorflow as tf

from monitored_tf.cloud import op_library
from tests.cloud import scenario

PACKAGE, BUILT, ENVIRONMENT = (
    "tensorflow-gcs-config",
    "built-ops",
    "environment",
)
VERSION = tuple(map(int, tf.version.VERSION.split(".")[:2]))


def skip_reason(mechanism):
    """Why a mechanism can't be tested here; "" if it can."""
    if mechanism == PACKAGE:
        if VERSION >= (2, 18):
            return "tensorflow-gcs-config has no release for TensorFlow 2.18"
        if importlib.util.find_spec("tensorflow_gcs_config") is None:
            return "tensorflow-gcs-config is not installed"
    if mechanism == BUILT:
        if VERSION < op_library.OLDEST:
            return "the ops are for TensorFlow 2.15 and later"
        if shutil.which("g++") is None:
            return "there is no g++"
    return ""


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory):
    """A folder for XDG_CACHE_HOME; the user's, if the library is in there."""
    if "XDG_CACHE_HOME" in os.environ and op_library.path().is_file():
        return os.environ["XDG_CACHE_HOME"]
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def built(cache_home):
    """What the command said that built the op library, or found it."""
    if skip_reason(BUILT):
        pytest.skip(skip_reason(BUILT))
    environment = {**os.environ, "XDG_CACHE_HOME": cache_home}
    if cache_home == os.environ.get("XDG_CACHE_HOME"):
        return f"found {op_library.path()}"
    done = subprocess.run(
        [sys.executable, "-m", "monitored_tf.cloud.build"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def run(request, cache_home):
    """Runs a program by a mechanism in a child; returns what it returned."""

    def run(mechanism, program, *arguments, **variables):
        if skip_reason(mechanism):
            pytest.skip(skip_reason(mechanism))
        if mechanism == BUILT:
            request.getfixturevalue("built")
        environment = {
            "XDG_CACHE_HOME": cache_home,
            "MONITORED_TF_GCS_MECHANISM": mechanism,
            # Read as TensorFlow is imported. Its default of 10 takes minutes.
            "GCS_RETRY_CONFIG_MAX_RETRIES": "1",
            **variables,
        }
        outcome = scenario.run(
            program, *arguments, environment=environment, limit_secs=110
        )
        assert outcome.exit_code == 0, outcome.output
        run.output = outcome.output
        return outcome.result

    return run
