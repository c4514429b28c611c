"""What the fields of an EstimatorSpec must be, one function a field."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from monitored_tf.estimator.export import signatures
from monitored_tf.estimator.mode_keys import ModeKeys

_TRAIN_OP = (
    "give what minimize() of a tf.compat.v1.train optimizer returns; one of "
    "Keras 3 returns no op"
)
# A variable stands for its value.
_TENSORS = (tf.Tensor, tf.Variable)


def checked_train_op(train_op: Any, mode: str) -> Any:
    """Returns the train op; where it is a variable, the op of that.

    Raises:
      ValueError: if it is missing, or of another graph.
      TypeError: if it is neither operation nor tensor.
    """
    if train_op is None:
        _require_in("train_op", mode, (ModeKeys.TRAIN,), _TRAIN_OP)
        return None
    if not isinstance(train_op, (tf.Operation, *_TENSORS)):
        raise TypeError(
            f"train_op must be Operation or Tensor. Got {_shown(train_op)}: "
            f"{_TRAIN_OP}."
        )
    if isinstance(train_op, tf.Variable):
        train_op = train_op.op
    check_graph(train_op, "train_op")
    return train_op


def checked_loss(loss: Any, mode: str) -> Any:
    """Returns the loss; one of a single element, as a scalar.

    Raises:
      ValueError: if it is missing, of another graph, or has more elements.
      TypeError: if it is no tensor.
    """
    if loss is None:
        modes = (ModeKeys.TRAIN, ModeKeys.EVAL)
        _require_in("loss", mode, modes, "give a scalar tensor")
        return None
    _require_tensor(loss, "loss")
    if loss.shape.num_elements() not in (None, 1):
        raise ValueError(
            f"Loss must be scalar. Got {_shown(loss)}, of shape {loss.shape}: "
            "reduce it, with tf.reduce_mean for instance."
        )
    check_graph(loss, "loss")
    is_scalar = loss.shape.is_compatible_with([])
    return loss if is_scalar else tf.reshape(loss, [])


def checked_predictions(predictions: Any, mode: str) -> Any:
    """Returns the predictions, {} where there are none and need be none.

    Raises:
      ValueError: if they are missing, or of another graph.
      TypeError: if they are neither a tensor nor a dict of them.
    """
    if predictions is None:
        modes = (ModeKeys.PREDICT,)
        _require_in("predictions", mode, modes, "give tensors by name")
        return {}
    if not isinstance(predictions, dict):
        _check_prediction(predictions, "predictions")
        return predictions
    for key, value in predictions.items():
        _check_prediction(value, f"predictions[{key}]", f"{key}: ")
    return dict(predictions)


def checked_export_outputs(
    export_outputs: Any, predictions: Any, mode: str
) -> Any:
    """Returns what is exported, by the key of its signature.

    They are looked at in PREDICT mode only. There the predictions are exported
    if nothing else is, and a single output is found under the key that is
    served by default too.

    Raises:
      ValueError: if none of several has that key.
      TypeError: if they are no dict of `ExportOutput`.
    """
    if mode != ModeKeys.PREDICT:
        return export_outputs
    return signatures.get_export_outputs(export_outputs, predictions)


def checked_hooks(hooks: Any, name: str) -> tuple[Any, ...]:
    """Returns the hooks as a tuple.

    Args:
      hooks: An iterable of them, or None.
      name: Of the field, for the errors.

    Raises:
      TypeError: if they are none.
    """
    try:
        checked = tuple(hooks or ())
    except TypeError as error:
        raise TypeError(
            f"{name} must be an iterable of hooks, but this {error}. Got "
            f"{_shown(hooks)}: write [hook]."
        ) from error
    for hook in checked:
        if not isinstance(hook, tf.compat.v1.train.SessionRunHook):
            raise TypeError(
                "All hooks must be SessionRunHook instances. Got "
                f"{_shown(hook)}, in {name}."
            )
    return checked


def checked_scaffold(scaffold: Any) -> Any:
    """Returns the scaffold, a new one for None.

    Raises:
      TypeError: if it is none.
    """
    if scaffold is None:
        return tf.compat.v1.train.Scaffold()
    if not isinstance(scaffold, tf.compat.v1.train.Scaffold):
        raise TypeError(
            f"scaffold must be tf.train.Scaffold. Got {_shown(scaffold)}."
        )
    return scaffold


def check_graph(part: Any, name: str, label: str = "") -> None:
    """Checks that an op or a tensor is of the graph that is the default one.

    With eager execution there is none to be of.

    Args:
      part: An operation, tensor or variable.
      name: Of the field, for the errors.
      label: What precedes its own name there.

    Raises:
      ValueError: if it is of another graph.
      TypeError: if it is of none.
    """
    if tf.executing_eagerly():
        return
    graph = getattr(part, "graph", None)
    if graph is None:
        raise TypeError(
            f"{name} must be Tensor or Operation of a graph. Got {label}"
            f"{_shown(part)}."
        )
    if graph is not tf.compat.v1.get_default_graph():
        raise ValueError(
            f'{name} with "{label}{part.name}" must be from the default graph:'
            " make it inside model_fn, anew each time that this is called."
        )


def _check_prediction(value: Any, name: str, label: str = "") -> None:
    _require_tensor(value, name)
    check_graph(value, "prediction values", label)


def _require_tensor(value: Any, name: str) -> None:
    if not isinstance(value, _TENSORS):
        raise TypeError(
            f"{name} must be Tensor. Got {_shown(value)}: convert it with "
            "tf.convert_to_tensor, or with tf.sparse.to_dense."
        )


def _require_in(
    name: str, mode: str, modes: tuple[str, ...], cure: str
) -> None:
    if mode in modes:
        raise ValueError(
            f"Missing {name}, which an EstimatorSpec needs in mode {mode!r}: "
            f"{cure}."
        )


def _shown(value: Any) -> str:
    return f"{value!r:.80}, of type {type(value).__name__}"
