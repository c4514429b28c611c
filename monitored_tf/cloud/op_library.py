"""Where the op library lies that `python -m monitored_tf.cloud.build` makes."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import pathlib
import platform
from typing import Any

import tensorflow as tf

SOURCE = pathlib.Path(__file__).with_name("gcs_ops.cc")
OLDEST = (2, 15)
BUILD_COMMAND = "python -m monitored_tf.cloud.build"


def path() -> pathlib.Path:
    """Returns where the library for this TensorFlow lies, built or not.

    In `$XDG_CACHE_HOME/monitored_tf`, or `~/.cache/monitored_tf`. The name
    holds TensorFlow's version, and a hash of the source and of what TensorFlow
    was built from: C++ knows no other compatibility.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    version = tf.version
    built_for = (version.GIT_VERSION, version.COMPILER_VERSION)
    mark = hashlib.sha256(SOURCE.read_bytes())
    mark.update(repr((*built_for, platform.machine())).encode())
    name = f"gcs_ops-{version.VERSION}-{mark.hexdigest()[:16]}.so"
    return pathlib.Path(home, "monitored_tf", name)


def is_for_this_tensorflow() -> bool:
    """Returns whether this TensorFlow is one that it can be built for."""
    major, minor = tf.version.VERSION.split(".")[:2]
    return (int(major), int(minor)) >= OLDEST


@functools.cache
def load(library: pathlib.Path) -> tuple[Any, Any]:
    """Loads a library into this process.

    Returns:
      The op that configures gs:// in the process that runs it, and a function
      that does so in this one, without a session.

    Raises:
      tf.errors.NotFoundError: if it can't be loaded.
    """
    op = tf.load_op_library(str(library)).monitored_tf_configure_gcs
    function = ctypes.CDLL(str(library)).monitored_tf_configure_gcs
    function.argtypes = (
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.c_int64),
        ctypes.c_char_p,
        ctypes.c_size_t,
    )
    function.restype = ctypes.c_int
    return op, function
