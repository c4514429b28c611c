"""Deletes exports that newer ones have made needless."""

from __future__ import annotations

import os
import re
from typing import Any

import tensorflow as tf
from absl import logging

_gfile = tf.compat.v1.gfile
# All that `export_dirs` names by the second; never what others put there.
_NAME = re.compile(r"[0-9]{10}")


def check_number(exports_to_keep: int | None) -> None:
    """Checks how many exports shall be kept.

    Args:
      exports_to_keep: The number; None for all.

    Raises:
      ValueError: if it is not positive.
    """
    if exports_to_keep is not None and exports_to_keep <= 0:
        raise ValueError(
            "`exports_to_keep`, if provided, must be a positive number. Got "
            f"{exports_to_keep}: None keeps all."
        )


def delete(export_dir_base: Any, exports_to_keep: int | None) -> None:
    """Deletes all exports but the newest ones.

    One that cannot be deleted because it is gone is logged.

    Args:
      export_dir_base: Folder of the exports.
      exports_to_keep: How many are kept; None for all.

    Raises:
      tf.errors.OpError: as the file system, for the folder itself too.
    """
    if exports_to_keep is None:
        return
    base = os.fsdecode(export_dir_base)
    # Cloud storage ends the names of folders with a slash.
    names = [name.rstrip("/") for name in _gfile.ListDirectory(base)]
    exports = sorted(name for name in names if _NAME.fullmatch(name))
    for name in exports[:-exports_to_keep]:
        path = os.path.join(base, name)
        try:
            _gfile.DeleteRecursively(path)
        except tf.errors.NotFoundError as error:
            logging.warning("The old export %s is gone: %s", path, error)
