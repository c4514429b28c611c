"""The checkpoint that an Estimator takes if none is named."""

from __future__ import annotations

import tensorflow as tf
from absl import logging

from monitored_tf import checkpoint_files


def find(model_dir: str) -> str | None:
    """Returns the path of the newest checkpoint in a folder; None without one.

    That is the one that the state file names. Where the file can't be used, it
    is the newest one that is whole, as for a training session.

    Args:
      model_dir: Folder of the checkpoints. It need not exist.
    """
    try:
        path: str | None = tf.train.latest_checkpoint(model_dir)
    except ValueError as error:  # Of a file that is no text, for instance.
        logging.warning("The state file in %s is damaged: %s", model_dir, error)
        path = None
    return path or _newest_whole(model_dir)


def _newest_whole(model_dir: str) -> str | None:
    for path in checkpoint_files.candidates(model_dir).paths:
        if not checkpoint_files.problem(path, full=True):
            logging.warning(
                "No checkpoint is named by the state file in %s: %s is taken, "
                "the newest one that is whole.",
                model_dir,
                path,
            )
            return path
    return None
