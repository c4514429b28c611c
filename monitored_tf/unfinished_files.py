"""Files of a checkpoint that is not finished yet, or never will be."""

from __future__ import annotations

import os
import re
import uuid

import tensorflow as tf
from absl import logging

_MARK = "_temp"  # TensorFlow's own, in names of what is not finished.
# What stands in such names behind "model.ckpt-".
_UNFINISHED = re.compile(r"\d*(?:_temp(?:_[0-9a-f]+)?|\..*\.tempstate.*)")
# What TensorFlow writes first, behind "checkpoint".
_UNFINISHED_STATE = re.compile(r"\.tmp[0-9a-f]{32}")


def folder_for(path: str) -> str:
    """Makes a folder in which a checkpoint is written first; returns it.

    Args:
      path: The path that the checkpoint is to have.
    """
    folder = f"{path}{_MARK}_{uuid.uuid4().hex}"
    tf.io.gfile.makedirs(folder)
    return folder


def remove_leftovers(folder: str, basename: str) -> None:
    """Removes what saves left unfinished that were killed.

    Args:
      folder: Folder of the checkpoints.
      basename: Name of the checkpoints without the step.
    """
    removed = remove_unfinished(os.path.join(folder, f"{basename}-"))
    if removed:
        logging.info(
            "Removed from %s what unfinished saves left: %s.",
            folder,
            ", ".join(sorted(map(os.path.basename, removed))),
        )


def remove_unfinished(prefix: str) -> list[str]:
    """Removes unfinished files and folders; returns their paths.

    Args:
      prefix: Path of a checkpoint, or the path of all up to the step.
    """
    return _remove_matching(prefix, _UNFINISHED)


def remove_unfinished_state(folder: str) -> None:
    """Removes what was to become the state file of a folder."""
    _remove_matching(os.path.join(folder, "checkpoint"), _UNFINISHED_STATE)


def _remove_matching(prefix: str, rest: re.Pattern[str]) -> list[str]:
    removed = []
    try:
        for path in tf.io.gfile.glob(escaped(prefix) + "*"):
            name = os.path.basename(path.rstrip("/"))
            if rest.fullmatch(name[len(os.path.basename(prefix)) :]):
                remove_tree(path)
                removed.append(path)
    except tf.errors.OpError:  # As where the folder itself is gone.
        logging.info("%s* can't be listed.", prefix, exc_info=True)
    return removed


def move_files(folder: str, to: str) -> None:
    """Moves a checkpoint's files into another folder."""
    # The index last: without it the rest is no checkpoint.
    names = sorted(tf.io.gfile.listdir(folder), key=is_index)
    for name in names:
        tf.io.gfile.rename(
            os.path.join(folder, name), os.path.join(to, name), overwrite=True
        )


def is_index(name: str) -> bool:
    """Returns whether a file is the index of a checkpoint."""
    return name.endswith(".index")


def remove_tree(path: str) -> None:
    """Removes a file or a folder, if it can; logs a warning if not."""
    try:
        if tf.io.gfile.isdir(path):
            tf.io.gfile.rmtree(path)
        elif tf.io.gfile.exists(path):
            tf.io.gfile.remove(path)
    except tf.errors.OpError:  # The error before it is the one to be seen.
        logging.warning("%s could not be removed.", path, exc_info=True)


def escaped(path: str) -> str:
    """Returns a pattern that only this path matches."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", path)
