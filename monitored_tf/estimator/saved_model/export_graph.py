"""The graph of one mode of a SavedModel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from monitored_tf import checkpoint_differences, restored_tensors
from monitored_tf.estimator.estimator_spec import EstimatorSpec
from monitored_tf.estimator.export import signatures
from monitored_tf.estimator.mode_keys import ModeKeys
from monitored_tf.estimator.model import Model

_v1 = tf.compat.v1
# Where those who train a SavedModel on look for it. The Builder of TensorFlow
# has no argument for it, and no public name.
_TRAIN_OP_KEY = "saved_model_train_op"


def add(
    builder: Any,
    model: Model,
    mode: str,
    input_receiver_fn: Callable[[], Any],
    checkpoint_path: str,
    strip_default_attrs: bool,
    with_variables: bool,
) -> None:
    """Adds the graph of a mode, and perhaps the variables, to a SavedModel.

    Args:
      builder: `tf.compat.v1.saved_model.Builder`.
      model: What is exported.
      mode: One of `ModeKeys`.
      input_receiver_fn: Returns what the model is fed.
      checkpoint_path: Of the variables. Those of each mode must be in it.
      strip_default_attrs: Whether attributes of ops are left out that have
        their default value.
      with_variables: Whether the variables are added.

    Raises:
      ValueError: if a variable is missing in the checkpoint.
      As `model_fn` and `input_receiver_fn`.
    """
    with model.new_graph() as graph:
        receiver = input_receiver_fn()
        labels = getattr(receiver, "labels", None)
        spec = model.spec(receiver.features, labels, mode)
        signature_defs = _signature_defs(receiver, spec, mode)
        parts = {
            "tags": signatures.EXPORT_TAG_MAP[mode],
            "signature_def_map": signature_defs,
            "main_op": _main_op(spec.scaffold),
            "saver": spec.scaffold.saver or _v1.train.Saver(sharded=True),
            "assets_collection": graph.get_collection(
                _v1.GraphKeys.ASSET_FILEPATHS
            ),
            "strip_default_attrs": strip_default_attrs,
        }
        if spec.train_op is not None:
            graph.add_to_collection(_TRAIN_OP_KEY, spec.train_op)
        with _v1.Session(config=model.config.session_config) as session:
            _restore(parts["saver"], session, checkpoint_path, mode)
            if with_variables:
                builder.add_meta_graph_and_variables(session, **parts)
            else:
                builder.add_meta_graph(**parts)


def _signature_defs(
    receiver: Any, spec: EstimatorSpec, mode: str
) -> dict[str, Any]:
    outputs = signatures.export_outputs_for_mode(
        spec.mode,
        spec.export_outputs,
        spec.predictions,
        spec.loss,
        spec.eval_metric_ops,
    )
    return signatures.build_all_signature_defs(
        receiver.receiver_tensors,
        outputs,
        getattr(receiver, "receiver_tensors_alternatives", None),
        serving_only=mode == ModeKeys.PREDICT,
    )


def _main_op(scaffold: Any) -> Any:
    """Returns the op that whoever loads the model runs: it fills tables."""
    if scaffold.local_init_op is not None:
        return scaffold.local_init_op
    return _v1.train.Scaffold.default_local_init_op()


def _restore(saver: Any, session: Any, path: str, mode: str) -> None:
    try:
        saver.restore(session, path)
    except tf.errors.NotFoundError as error:
        differences = checkpoint_differences.differences(
            checkpoint_differences.contents(path),
            restored_tensors.restore_actions(saver, session.graph),
        )
        raise ValueError(
            "Could not load all requested variables from checkpoint "
            f"{path!r} for mode {mode!r}. It has not: "
            f"{', '.join(differences.missing)}. Export with the model_fn that "
            "was trained, or leave out this mode."
        ) from error
