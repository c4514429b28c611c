"""From an input function to features and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from monitored_tf.estimator import fn_args
from monitored_tf.session_run_hook import SessionRunHook

_PAIR = 2


class ModelInput(NamedTuple):
    """What a model is given.

    Attributes:
      features: Tensor, or a structure of tensors.
      labels: The same; None if the input has none.
      hooks: Those that must run first: they start the input.
    """

    features: Any
    labels: Any
    hooks: tuple[SessionRunHook, ...]


class DatasetInitializerHook(SessionRunHook):
    """Starts the iterator of a dataset in each new session.

    Args:
      iterator: An initializable one, of the default graph.
    """

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator
        self._initializer: Any = None

    def begin(self) -> None:
        """Takes the op before the graph is finalized."""
        self._initializer = self._iterator.initializer

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Starts the iterator.

        Args:
          session: The new `tf.compat.v1.Session`.
          coord: Not used.
        """
        del coord
        session.run(self._initializer)


def model_input(
    input_fn: Callable[..., Any], available: Mapping[str, Any]
) -> ModelInput:
    """Calls an input function, on the CPU, and takes its result apart.

    Args:
      input_fn: Returns a dataset, a pair of features and labels, or features.
      available: What it is called with where it names it: mode, params,
        config.

    Raises:
      ValueError: if it gives a list or a tuple of other than two parts.
      TypeError: if it wants arguments that there are not.
    """
    arguments = fn_args.arguments_for(input_fn, available)
    with tf.device("/cpu:0"):
        result = input_fn(**arguments)
    hooks: tuple[SessionRunHook, ...] = ()
    if isinstance(result, tf.data.Dataset):
        iterator = tf.compat.v1.data.make_initializable_iterator(result)
        hooks = (DatasetInitializerHook(iterator),)
        result = iterator.get_next()
    return ModelInput(*_features_and_labels(result), hooks)


def ends_by_itself(features: Any) -> bool:
    """Returns whether features come from a dataset or a queue of this graph.

    Args:
      features: Tensor, or a structure of tensors.
    """
    graph = tf.compat.v1.get_default_graph()
    return bool(
        graph.get_collection(tf.compat.v1.GraphKeys.QUEUE_RUNNERS)
    ) or any(
        isinstance(part, tf.Tensor) and part.op.type == "IteratorGetNext"
        for part in tf.nest.flatten(features, expand_composites=True)
    )


def _features_and_labels(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, (list, tuple)):
        return result, None
    if len(result) != _PAIR:
        raise ValueError(
            "input_fn should return (features, labels) as a len 2 tuple, a "
            "dataset of such, or features alone as a tensor or a dict. Got a "
            f"{type(result).__name__} of {len(result)}: {result!r:.200}."
        )
    return result[0], result[1]
