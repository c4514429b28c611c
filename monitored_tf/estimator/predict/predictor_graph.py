"""The graph of a predictor, as a value that its sessions share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from monitored_tf.estimator.evaluate import evaluation_graph
from monitored_tf.estimator.mode_keys import ModeKeys
from monitored_tf.estimator.model import Model
from monitored_tf.estimator.predict import prediction_rows, predictor_inputs


@dataclasses.dataclass(frozen=True, eq=False)
class PredictorGraph:
    """A graph that predicts what is fed.

    Attributes:
      graph: The `tf.Graph`, finalized.
      scaffold: Of the model.
      feed_tensors: What is fed, by name.
      predictions: Tensor, or dict of tensors.
    """

    graph: Any
    scaffold: Any
    feed_tensors: dict[Any, Any]
    predictions: Any


def build(
    model: Model,
    serving_input_receiver_fn: Callable[[], Any] | None,
    feature_spec: Any,
    predict_keys: Any,
    checkpoint_path: str | None,
) -> PredictorGraph:
    """Builds the graph of a predictor.

    Args:
      model: What predicts.
      serving_input_receiver_fn: As for `Predictor`, and the others.
      feature_spec: As there.
      predict_keys: As there.
      checkpoint_path: Where the variables will come from. None: they begin as
        the model says, or its `warm_start_from`.

    Raises:
      As `Predictor`.
    """
    if (serving_input_receiver_fn is None) == (feature_spec is None):
        raise ValueError(
            "Give serving_input_receiver_fn or feature_spec, one of the two. "
            f"Got {serving_input_receiver_fn!r} and {feature_spec!r:.200}."
        )
    with model.new_graph() as graph:
        if serving_input_receiver_fn is None:
            features = predictor_inputs.placeholders(feature_spec)
            fed = features
        else:
            receiver = serving_input_receiver_fn()
            features, fed = receiver.features, receiver.receiver_tensors
        named = predictor_inputs.named(fed)
        spec = model.spec(features, None, ModeKeys.PREDICT)
        if spec.prediction_hooks:
            raise ValueError(
                "A predictor runs no hooks, as its calls may overlap. model_fn "
                f"returns prediction_hooks={spec.prediction_hooks!r:.200}: "
                "leave them out, or call Estimator.predict()."
            )
        evaluation_graph.warm_start_model(model, checkpoint_path)
        predictions = prediction_rows.chosen(spec.predictions, predict_keys)
        # Now, or the first session to be closed would take it back.
        spec.scaffold.finalize()
    return PredictorGraph(graph, spec.scaffold, named, predictions)
