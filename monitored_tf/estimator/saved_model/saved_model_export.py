"""Exports an Estimator's model as a SavedModel."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from monitored_tf.estimator.export import export_dirs
from monitored_tf.estimator.mode_keys import ModeKeys
from monitored_tf.estimator.model import Model
from monitored_tf.estimator.saved_model import export_graph

_gfile = tf.compat.v1.gfile
# The variables come with the first one. Those of a training are all in the
# checkpoint, and hold those of the other modes.
_MODES = (ModeKeys.TRAIN, ModeKeys.EVAL, ModeKeys.PREDICT)


def export_saved_models(
    model: Model,
    export_dir_base: Any,
    input_receiver_fns: Mapping[str, Callable[[], Any]],
    assets_extra: Mapping[str, str] | None = None,
    as_text: bool = False,
    checkpoint_path: str | None = None,
    strip_default_attrs: bool = True,
) -> bytes:
    """Writes one SavedModel of some modes.

    Args:
      model: What is exported.
      export_dir_base: Folder above that of the export.
      input_receiver_fns: Receiver functions by mode.
      assets_extra: Files to copy: sources by the path below `assets.extra`.
      as_text: Whether the graph is written as text.
      checkpoint_path: Of the variables. None for the newest one or, if there
        is none, for the one that the model would begin with.
      strip_default_attrs: Whether attributes of ops are left out that have
        their default value.

    Returns:
      The path of the export, named after the second.

    Raises:
      ValueError: if there is no checkpoint or no mode, or a variable is
        missing in the checkpoint.
      As `model_fn` and the receiver functions.
    """
    path = os.fsdecode(checkpoint_path or _newest_checkpoint(model))
    modes = [mode for mode in _MODES if input_receiver_fns.get(mode)]
    if not modes:
        raise ValueError(
            "No valid modes for exporting found. Got "
            f"{[*input_receiver_fns]}: give a function for one of {_MODES}."
        )
    with export_dirs.timestamped_export(export_dir_base) as dirs:
        builder = tf.compat.v1.saved_model.Builder(dirs.temporary)
        for mode in modes:
            export_graph.add(
                builder,
                model,
                mode,
                input_receiver_fns[mode],
                path,
                strip_default_attrs,
                with_variables=mode == modes[0],
            )
        builder.save(as_text)
        _copy_assets(assets_extra or {}, dirs.temporary)
    return dirs.final


def _newest_checkpoint(model: Model) -> str:
    path = model.latest_checkpoint()
    if not path and model.warm_start_from:
        path = os.fsdecode(model.warm_start_from.ckpt_to_initialize_from)
        if _gfile.IsDirectory(path):
            path = tf.train.latest_checkpoint(path)
    if not path:
        raise ValueError(
            f"Couldn't find trained model at {model.model_dir}: train it "
            "first, or give checkpoint_path."
        )
    return path


def _copy_assets(sources: Mapping[str, str], export_dir: bytes) -> None:
    for name, source in sources.items():
        target = os.path.join(export_dir, b"assets.extra", os.fsencode(name))
        _gfile.MakeDirs(os.path.dirname(target))
        _gfile.Copy(source, target)
