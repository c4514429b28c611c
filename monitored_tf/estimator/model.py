"""What every run of an Estimator needs: its model, where, and with what."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from monitored_tf import keras_interop
from monitored_tf.estimator import fn_args, input_pipeline
from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.estimator_spec import EstimatorSpec
from monitored_tf.estimator.input_pipeline import ModelInput
from monitored_tf.estimator.mode_keys import ModeKeys


@dataclasses.dataclass(frozen=True)
class Model:
    """A model function and what it is called with.

    Attributes:
      model_fn: The user's.
      model_dir: Where checkpoints and events are.
      config: Its `RunConfig`, with a `session_config` and `model_dir`. It is
        read only: the user's functions get copies.
      params: Of the model, a dict; the same.
      warm_start_from: `WarmStartSettings`, or None.
      create_global_step: Makes the global step of a graph, and returns it.
      latest_checkpoint: Returns the path of the newest checkpoint, or None.
    """

    model_fn: Callable[..., Any]
    model_dir: str
    config: RunConfig
    params: dict[str, Any]
    warm_start_from: Any
    create_global_step: Callable[[Any], Any]
    latest_checkpoint: Callable[[], str | None]

    @contextlib.contextmanager
    def new_graph(self, device: Any = None) -> Iterator[Any]:
        """Enters a new graph that has its seed and a global step.

        Args:
          device: Device or device function of its ops; None for none.

        Yields:
          The `tf.Graph`.
        """
        graph = tf.Graph()
        with graph.as_default(), graph.device(device):
            tf.compat.v1.set_random_seed(self.config.tf_random_seed)
            self.create_global_step(graph)
            yield graph

    def input(self, input_fn: Callable[..., Any], mode: str) -> ModelInput:
        """Calls an input function.

        Args:
          input_fn: The user's.
          mode: One of `ModeKeys`.

        Raises:
          As `input_pipeline.model_input`.
        """
        return input_pipeline.model_input(input_fn, self._arguments(mode))

    def spec(self, features: Any, labels: Any, mode: str) -> EstimatorSpec:
        """Calls the model function, in the graph that is the default one.

        In TRAIN, the train_op also runs what Keras 3 left hanging; see
        `monitored_tf.keras_graph`.

        Args:
          features: What the input function gave.
          labels: The same; None in PREDICT.
          mode: One of `ModeKeys`.

        Raises:
          ValueError: if there are labels and it takes none, or it returns
            something else than an `EstimatorSpec`.
        """
        arguments = self._arguments(mode)
        with keras_interop.keras_graph() as keras:
            spec = called(self.model_fn, features, labels, arguments)
            if mode == ModeKeys.TRAIN:
                train_op = keras.with_updates(spec.train_op)
                if train_op is not spec.train_op:
                    spec = spec._replace(train_op=train_op)
        return spec

    def _arguments(self, mode: str) -> dict[str, Any]:
        return {
            "mode": mode,
            "params": copy.deepcopy(self.params),
            "config": copy.deepcopy(self.config),
        }


def called(
    model_fn: Callable[..., Any],
    features: Any,
    labels: Any,
    available: dict[str, Any],
) -> EstimatorSpec:
    """Calls a model function with what it names.

    Args:
      model_fn: The user's.
      features: What the input function gave.
      labels: The same, or None.
      available: Mode, params and config.

    Raises:
      ValueError: as `Model.spec`.
    """
    names = fn_args.fn_args(model_fn)
    if labels is not None and "labels" not in names:
        raise ValueError(
            "model_fn does not take labels, but input_fn returns labels: add "
            f"the argument to {model_fn!r}, or return features alone."
        )
    given = fn_args.arguments_for(model_fn, {**available, "labels": labels})
    result = model_fn(features=features, **given)
    if not isinstance(result, EstimatorSpec):
        raise ValueError(
            "model_fn should return an EstimatorSpec, that of "
            f"monitored_tf.estimator. Got {result!r:.200}, of type "
            f"{type(result).__module__}.{type(result).__qualname__}."
        )
    return result
