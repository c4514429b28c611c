"""The session that an evaluation or a prediction runs in."""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import partial_restore
from monitored_tf.checkpoint_restore import RestoreRules
from monitored_tf.chief_session_creator import ChiefSessionCreator
from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.model import Model


def checkpoint_or_newest(
    model: Model, checkpoint_path: str | None, purpose: str
) -> str | None:
    """Returns the path of the checkpoint to take; None for a new model.

    Args:
      model: Whose newest one is taken if no path is given.
      checkpoint_path: The user's, or None.
      purpose: What it is for, for the log.
    """
    path = checkpoint_path or model.latest_checkpoint()
    if not path:
        logging.info(
            "Could not find trained model in model_dir: %s, running "
            "initialization to %s.",
            model.model_dir,
            purpose,
        )
    return path or None


def session_creator(
    model: Model, scaffold: Any, master: str, checkpoint_path: str | None
) -> ChiefSessionCreator:
    """Returns what makes the session.

    It makes it fast: of a graph that has a training step too, what nothing
    runs is not put on devices.

    Args:
      model: Its config is taken.
      scaffold: Of the graph.
      master: To connect to.
      checkpoint_path: Of the variables; None to initialize them.

    Raises:
      ValueError: if there is no checkpoint of this path.
    """
    if checkpoint_path:
        _check_is_there(checkpoint_path)
    return ChiefSessionCreator(
        scaffold,
        master,
        model.config.session_config,
        checkpoint_filename_with_path=checkpoint_path,
        fast_start=True,
        **dataclasses.asdict(restore_rules(model.config)),
    )


def restore_rules(config: RunConfig) -> RestoreRules:
    """Returns how checkpoints are restored that are evaluated.

    All of them, but for what `restore="available"` leaves out: a part that a
    training begins with is no model, nor is one that begins from scratch.

    Args:
      config: Of the Estimator.
    """
    is_available = config.restore == partial_restore.AVAILABLE
    return RestoreRules(
        config.verify,
        config.restore if is_available else partial_restore.STRICT,
    )


def _check_is_there(checkpoint_path: str) -> None:
    if tf.io.gfile.exists(f"{checkpoint_path}.index"):
        return
    # One of the older format has no index; its path may be a pattern.
    found = tf.io.gfile.glob(checkpoint_path)
    if not found or tf.io.gfile.isdir(found[0]):
        raise ValueError(
            f"{checkpoint_path!r} is not a valid checkpoint: there is no such "
            "file. Give the path without .index, as Estimator."
            "latest_checkpoint() returns it."
        )
