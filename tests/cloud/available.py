"""Which mechanisms this Python's TensorFlow can have, and how to run each."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys

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
    """Why a mechanism can't be run here; "" if it can."""
    if mechanism == PACKAGE:
        if VERSION >= (2, 18):
            return "no release for TensorFlow 2.18 and later"
        if importlib.util.find_spec("tensorflow_gcs_config") is None:
            return "tensorflow-gcs-config is not installed"
    if mechanism == BUILT:
        if VERSION < op_library.OLDEST:
            return "the ops are for TensorFlow 2.15 and later"
        if shutil.which("g++") is None:
            return "there is no g++"
    return ""


def users_cache():
    """XDG_CACHE_HOME, if the library has been built there; or None."""
    home = os.environ.get("XDG_CACHE_HOME")
    return home if home and op_library.path().is_file() else None


def build(cache_home):
    """Builds the op library in a folder, unless it lies there."""
    if cache_home == users_cache():
        return
    subprocess.run(
        [sys.executable, "-m", "monitored_tf.cloud.build"],
        env={**os.environ, "XDG_CACHE_HOME": cache_home},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def run(mechanism, cache_home, program, *arguments):
    """Runs a program by a mechanism in a child; returns its `Outcome`."""
    environment = {
        "XDG_CACHE_HOME": cache_home,
        "MONITORED_TF_GCS_MECHANISM": mechanism,
        # Read as TensorFlow is imported. Its default of 10 takes minutes.
        "GCS_RETRY_CONFIG_MAX_RETRIES": "1",
    }
    return scenario.run(
        program, *arguments, environment=environment, limit_secs=110
    )
