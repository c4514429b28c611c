"""Loads TensorFlow without the lines that its C++ part prints meanwhile.

They tell of missing GPUs and of processor features, and no setting silences
all of them. They are shown after all if TensorFlow does not load.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator


def load_tensorflow() -> None:
    """Imports TensorFlow and runs a first session, which logs some more."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with stderr_kept_back():
        v1 = importlib.import_module("tensorflow").compat.v1
        with v1.Graph().as_default(), v1.Session() as session:
            session.run(v1.constant(0))


@contextlib.contextmanager
def stderr_kept_back() -> Iterator[None]:
    """Hides what is written to stderr, unless the block raises.

    A process that is started in the block is hidden for good.
    """
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(real, kept.read())
            raise
        finally:
            os.dup2(real, 2)
            os.close(real)
