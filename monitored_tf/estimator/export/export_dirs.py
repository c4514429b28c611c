"""Where exports are written: directories named by the second, 10 digits."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple

import tensorflow as tf
from absl import logging

_gfile = tf.compat.v1.gfile
_TRIES = 10


class ExportDirs(NamedTuple):
    """Paths of an export.

    Attributes:
      temporary: Where it is written. A server ignores it: it is no number.
      final: Where it is found once it is whole.
    """

    temporary: bytes
    final: bytes


def get_timestamped_export_dir(
    export_dir_base: Any,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> bytes:
    """Returns a path, of nothing yet, named after the time in seconds.

    Later exports so have greater numbers. If this second's is taken, it waits
    for the next, and tries 10 times in all.

    Args:
      export_dir_base: Directory of the exports: str, bytes or PathLike.
      clock: Returns the seconds since the epoch.
      sleep: Waits for so many seconds.

    Raises:
      RuntimeError: All were taken.
    """
    base = os.fsencode(export_dir_base)
    for attempt in range(1, _TRIES + 1):
        final = os.path.join(base, b"%d" % int(clock()))
        if not _gfile.Exists(final):
            return final
        logging.warning(
            "%s exists: waiting for the next second (attempt %s of %s).",
            final.decode(),
            attempt,
            _TRIES,
        )
        sleep(1)
    raise RuntimeError(
        "Failed to obtain a unique export directory name after "
        f"{_TRIES} attempts, the last for {final.decode()}. Does another "
        "process export there every second?"
    )


def get_temp_export_dir(timestamped_export_dir: Any) -> bytes:
    """Returns the path beside a final one where the export is written first.

    Args:
      timestamped_export_dir: Path: str, bytes or PathLike.
    """
    base, name = os.path.split(os.fsencode(timestamped_export_dir))
    return os.path.join(base, b"temp-" + name)


@contextlib.contextmanager
def timestamped_export(export_dir_base: Any) -> Iterator[ExportDirs]:
    """Gives a directory to write to; renames it when the block is left.

    If the block fails nothing is renamed: nobody takes half an export for a
    whole one.

    Args:
      export_dir_base: Directory of the exports: str, bytes or PathLike.

    Yields:
      `ExportDirs`. Neither exists; the base may or may not.

    Raises:
      RuntimeError: No name was free.
      tf.errors.OpError: It cannot be renamed.
    """
    final = get_timestamped_export_dir(export_dir_base)
    dirs = ExportDirs(get_temp_export_dir(final), final)
    yield dirs
    _gfile.Rename(dirs.temporary, dirs.final)
