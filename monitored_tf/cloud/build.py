"""Builds the op library for the TensorFlow that is installed.

    python -m monitored_tf.cloud.build

Needs g++ (another compiler by the environment variable CXX), no network, and
some seconds. Nothing else builds it.
"""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import tensorflow as tf

from monitored_tf.cloud import op_library
from monitored_tf.cloud.errors import GcsConfigurationError


def build() -> pathlib.Path:
    """Compiles the op library and puts it where this user's processes look.

    Returns:
      The path of the library.

    Raises:
      GcsConfigurationError: if TensorFlow is too old, or there is no compiler,
        or it fails.
    """
    if not op_library.is_for_this_tensorflow():
        raise GcsConfigurationError(
            "The ops need TensorFlow 2.15 or later. This is "
            f"{tf.version.VERSION}: pip install tensorflow-gcs-config."
        )
    target = op_library.path()
    # What lies there is loaded into the processes of this user.
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = pathlib.Path(folder, target.name)
        _compile(made)
        # At once: another process may look for it meanwhile.
        made.replace(target)
    op_library.load(target)
    return target


def _compile(output: pathlib.Path) -> None:
    include = tf.sysconfig.get_include()
    command = [
        *shlex.split(os.environ.get("CXX", "g++")),
        # TensorFlow's own headers are full of warnings.
        *("-shared", "-fPIC", "-O2", "-w"),
        *("-o", str(output), str(op_library.SOURCE)),
        *tf.sysconfig.get_compile_flags(),
        # Where the wheel has the header of its JSON library.
        f"-I{include}/include",
        *tf.sysconfig.get_link_flags(),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise GcsConfigurationError(
            f"{command[0]} can't be run ({error.strerror}). Install g++, or "
            "name another C++ compiler in the environment variable CXX."
        ) from None
    if done.returncode:
        raise GcsConfigurationError(
            f"{command[0]} failed:\n{done.stderr.strip()[-4000:]}"
        )


def main() -> int:
    """Builds, and prints where the library is; returns the exit code."""
    try:
        library = build()
    except GcsConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Built for TensorFlow {tf.version.VERSION}: {library}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
