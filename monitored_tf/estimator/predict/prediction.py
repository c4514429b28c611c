"""Runs an Estimator's predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from absl import logging

from monitored_tf.estimator import input_pipeline
from monitored_tf.estimator.evaluate import evaluation_graph, evaluation_session
from monitored_tf.estimator.mode_keys import ModeKeys
from monitored_tf.estimator.model import Model
from monitored_tf.estimator.predict import prediction_rows
from monitored_tf.estimator.train import train_checks
from monitored_tf.session import MonitoredSession


def predict(
    model: Model,
    input_fn: Callable[..., Any],
    predict_keys: Any = None,
    hooks: Sequence[Any] | None = None,
    checkpoint_path: str | None = None,
    yield_single_examples: bool = True,
) -> Iterator[Any]:
    """Yields predictions. See `Estimator.predict`."""
    path = evaluation_session.checkpoint_or_newest(
        model, checkpoint_path, "predict"
    )
    predictions, session = _begun(model, input_fn, predict_keys, hooks, path)
    graph = session.graph
    with session:
        while True:
            # Not around the yield: the caller has a default graph, or none.
            with graph.as_default():
                if session.should_stop():
                    break
                batch = session.run(predictions)
            if yield_single_examples:
                yield from prediction_rows.rows(batch)
            else:
                yield batch


def _begun(
    model: Model,
    input_fn: Callable[..., Any],
    predict_keys: Any,
    hooks: Sequence[Any] | None,
    checkpoint_path: str | None,
) -> tuple[Any, MonitoredSession]:
    """Returns the tensors to run, and the session to run them in."""
    user_hooks = train_checks.checked_hooks(hooks)
    with model.new_graph():
        features, _, input_hooks = model.input(input_fn, ModeKeys.PREDICT)
        if not input_pipeline.ends_by_itself(features):
            logging.warning(
                "Input graph does not use a tf.data.Dataset or contain a "
                "QueueRunner. So predict() never ends by itself, which is "
                "hardly what you want: have input_fn return a dataset."
            )
        spec = model.spec(features, None, ModeKeys.PREDICT)
        evaluation_graph.warm_start_model(model, checkpoint_path)
        predictions = prediction_rows.chosen(spec.predictions, predict_keys)
        creator = evaluation_session.session_creator(
            model, spec.scaffold, model.config.master, checkpoint_path
        )
        session = MonitoredSession(
            creator,
            (*input_hooks, *user_hooks, *spec.prediction_hooks),
            recovery=model.config.recovery,
        )
    return predictions, session
