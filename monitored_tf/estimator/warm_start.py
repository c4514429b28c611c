"""Where a model that was never trained begins."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import tensorflow as tf
from absl import logging

VocabInfo = tf.compat.v1.train.VocabInfo


class _Settings(NamedTuple):
    ckpt_to_initialize_from: Any
    vars_to_warm_start: Any
    var_name_to_vocab_info: dict[str, Any]
    var_name_to_prev_var_name: dict[str, str]


class WarmStartSettings(_Settings):
    """Which variables begin with which values of another training.

    >>> settings = WarmStartSettings("folder", vars_to_warm_start="dense.*")
    >>> settings.var_name_to_prev_var_name
    {}

    Args:
      ckpt_to_initialize_from: Path of a checkpoint, or of a folder whose
        newest one it is.
      vars_to_warm_start: A regular expression for names of trainable
        variables; a list of those for names of any variables; a list of
        variables; or None for those in `var_name_to_vocab_info` only.
      var_name_to_vocab_info: `VocabInfo` by the name of a variable with a row,
        or a column, for each word of a vocabulary that is another now.
      var_name_to_prev_var_name: Name in the checkpoint by the name of the
        variable, where they differ.

    Raises:
      ValueError: if there is no checkpoint given.
    """

    __slots__ = ()

    def __new__(
        cls,
        ckpt_to_initialize_from: Any,
        vars_to_warm_start: Any = ".*",
        var_name_to_vocab_info: dict[str, Any] | None = None,
        var_name_to_prev_var_name: dict[str, str] | None = None,
    ) -> WarmStartSettings:
        """Checks the path; dicts that are not given are empty."""
        if not ckpt_to_initialize_from:
            raise ValueError(
                "`ckpt_to_initialize_from` MUST be set in WarmStartSettings. "
                f"Got {ckpt_to_initialize_from!r}: give a checkpoint or its "
                "folder."
            )
        return super().__new__(
            cls,
            ckpt_to_initialize_from,
            vars_to_warm_start,
            var_name_to_vocab_info or {},
            var_name_to_prev_var_name or {},
        )


def checked_settings(warm_start_from: Any) -> WarmStartSettings | None:
    """Returns the settings that an Estimator's `warm_start_from` means.

    Args:
      warm_start_from: Path of a checkpoint, of a folder with checkpoints, or
        of a SavedModel; settings; or None.

    Raises:
      ValueError: if it is something else, or an empty path.
    """
    if warm_start_from is None or isinstance(
        warm_start_from, WarmStartSettings
    ):
        return warm_start_from
    if not isinstance(warm_start_from, (str, bytes, os.PathLike)):
        raise ValueError(
            "warm_start_from must be a string or a WarmStartSettings. Got "
            f"{warm_start_from!r:.200}, of type "
            f"{type(warm_start_from).__name__}."
        )
    path = os.fsdecode(warm_start_from)
    variables = os.path.join(path, "variables", "variables")
    if tf.io.gfile.exists(f"{variables}.index"):
        logging.info("Warm-starting from a SavedModel: %s.", path)
        return WarmStartSettings(variables)
    return WarmStartSettings(path)


def apply(settings: WarmStartSettings) -> None:
    """Lets the variables of the default graph begin with those values.

    Args:
      settings: Which values; the variables exist.

    Raises:
      ValueError: if the checkpoint lacks a variable or its shape differs.
      As `tf.compat.v1.train.warm_start`.
    """
    logging.info("Warm-starting: %s.", settings)
    tf.compat.v1.train.warm_start(*settings)
