"""A model that stays loaded and predicts when it is called."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import errors
from monitored_tf.estimator.evaluate import evaluation_session
from monitored_tf.estimator.model import Model
from monitored_tf.estimator.predict import predictor_graph, predictor_inputs
from monitored_tf.estimator.predict.predictor_session import LoadedSession
from monitored_tf.session import MonitoredSession
from monitored_tf.session_creators import StateOrigin


class Predictor:
    """Predicts with the newest checkpoint, without loading it each time.

        with estimator.predictor(
            feature_spec={"x": tf.TensorSpec([None, 4], tf.float32)}
        ) as predictor:
            predictor({"x": rows})["probabilities"]

    Stands in for `tf.contrib.predictor.from_estimator`. `model_fn` is called
    once, with placeholders. A call takes a batch and returns what
    `Estimator.predict(..., yield_single_examples=False)` yields for it.

    Threads may share one. When a call finds a newer checkpoint it loads it in
    a session of its own, while other threads go on with the older one; so for
    a moment there are two in memory. A call sees one checkpoint only. One that
    can't be loaded is passed over with a warning. A session of a cluster that
    is lost is replaced, with the same checkpoint, as `RunConfig.recovery` says;
    the calls that it served are run again.

    Args:
      model: What predicts.
      serving_input_receiver_fn: As for `Estimator.export_saved_model`; a call
        is given what its `receiver_tensors` want. Give this or
        `feature_spec`.
      feature_spec: What features are: a spec or a dict of them. `tf.TensorSpec`
        and `tf.SparseTensorSpec` tell the batch dimension too;
        `tf.io.FixedLenFeature` and `tf.io.VarLenFeature` do not, and stand
        here for the parsed features, not for serialized ones.
      checkpoint_path: The one to stay with; None for the newest one.
      predict_keys: As for `Estimator.predict`.
      reload_secs: Seconds between two looks for a newer checkpoint; None for
        none.
      clock: Returns the seconds.

    Attributes:
      feed_tensors: What can be fed, by name.
      fetch_tensors: The predictions: a tensor, or a dict of them.

    Raises:
      ValueError: if not one of the two is given, there is no such checkpoint
        or key, or the model has prediction hooks.
      TypeError: if the feature spec is none.
    """

    def __init__(
        self,
        model: Model,
        serving_input_receiver_fn: Callable[[], Any] | None = None,
        feature_spec: Any = None,
        checkpoint_path: str | None = None,
        *,
        predict_keys: Any = None,
        reload_secs: float | None = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        path = evaluation_session.checkpoint_or_newest(
            model, checkpoint_path, "predict"
        )
        self._model = model
        self._built = predictor_graph.build(
            model, serving_input_receiver_fn, feature_spec, predict_keys, path
        )
        self.feed_tensors = dict(self._built.feed_tensors)
        self.fetch_tensors = self._built.predictions
        self._reload_secs = None if checkpoint_path else reload_secs
        self._clock = clock
        self._next_look = clock() + (reload_secs or 0)
        self._is_closed = False
        self._refused: str | None = None
        self._loading = threading.Lock()
        self._loaded = self._load(path)

    @property
    def graph(self) -> Any:
        """The `tf.Graph`."""
        return self._built.graph

    @property
    def checkpoint_path(self) -> str | None:
        """Path of the checkpoint that is loaded; None for a new model."""
        return self._loaded.origin.checkpoint

    def __call__(self, features: Any) -> Any:
        """Returns the predictions of a batch.

        Args:
          features: Arrays by name, as numpy has them or lists; where only one
            is fed, also this alone. A `tf.compat.v1.SparseTensorValue` for
            what is sparse.

        Returns:
          An array, or a dict of arrays.

        Raises:
          ValueError: if a name is unknown or missing, or a shape is wrong.
          SessionClosedError: after `close()`.
          RecoveryGaveUp: if the session was lost and can't be replaced.
          CheckpointError: if its checkpoint is gone by then.
        """
        feed = predictor_inputs.feed(self.feed_tensors, features)
        self._reload_if_newer()
        while not self._is_closed:
            with self._loaded.used() as session:
                # None: it was replaced since it was looked up.
                if session is not None:
                    return session.run(self.fetch_tensors, feed)
        raise errors.SessionClosedError(
            "The predictor is already closed. Make a new one."
        )

    def close(self) -> None:
        """Frees the model; calls that run are let finish.

        A second call does nothing.
        """
        with self._loading:
            self._is_closed = True
            self._loaded.retire()

    def __enter__(self) -> Predictor:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _load(self, path: str | None) -> LoadedSession:
        origin = _origin(path)
        with self._built.graph.as_default():
            creator = evaluation_session.session_creator(
                self._model,
                self._built.scaffold,
                self._model.config.master,
                path,
            )
            session = MonitoredSession(
                creator, recovery=self._model.config.recovery
            )
        return LoadedSession(session, origin)

    def _reload_if_newer(self) -> None:
        if self._reload_secs is None or self._clock() < self._next_look:
            return
        # Whoever comes meanwhile goes on with what is there.
        if not self._loading.acquire(blocking=False):
            return
        try:
            if not self._is_closed:
                self._look()
        finally:
            self._next_look = self._clock() + self._reload_secs
            self._loading.release()

    def _look(self) -> None:
        newest = self._model.latest_checkpoint()
        if newest is None or _origin(newest) == self._loaded.origin:
            return
        try:
            loaded = self._load(newest)
        except (tf.errors.OpError, ValueError) as error:
            self._warn_of(newest, error)
            return
        replaced, self._loaded = self._loaded, loaded
        replaced.retire()
        logging.info("Predicting with %s.", newest)

    def _warn_of(self, path: str, error: Exception) -> None:
        if path != self._refused:
            logging.warning(
                "%s can't be loaded; predicting with %s as before: %s",
                path,
                self.checkpoint_path or "a new model",
                error,
            )
        self._refused = path


def _origin(path: str | None) -> StateOrigin:
    """Returns which checkpoint that is: a path may be written again."""
    if path is None:
        return StateOrigin("initialized")
    return StateOrigin.restored(path)
