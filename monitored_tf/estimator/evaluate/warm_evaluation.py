"""Evaluations that keep their graph and their session."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from typing import Any

from absl import logging

from monitored_tf import errors, partial_restore
from monitored_tf.checkpoint_restore import RestoreRules
from monitored_tf.estimator.evaluate import (
    evaluation,
    evaluation_graph,
    evaluation_session,
    warm_reasons,
)
from monitored_tf.estimator.evaluate.evaluation_graph import EvalGraph
from monitored_tf.estimator.evaluate.warm_session import KeptSessionCreator
from monitored_tf.estimator.model import Model


class WarmEvaluation:
    """Evaluates one checkpoint after the other in a graph that is kept.

    Does what `Estimator.evaluate` does, with equal results, but builds the
    graph and the session once:

        with estimator.warm_evaluator(input_fn, steps=100) as evaluate:
            for _ in range(10):
                estimator.train(train_input_fn, steps=50)
                metrics = evaluate()

    So `input_fn` and `model_fn` are called once, and what they do outside of
    the graph is done once. Between two evaluations the checkpoint is restored,
    local variables are initialized, and the input begins anew.

    Some evaluations can't be kept, as the second one would not see what the
    first one saw: with hooks, with a saver, an `init_fn` or a `local_init_op`
    of the model's own, with an input that is no Dataset, with random numbers
    that have a seed, with state that is in no variable. They run as those of
    `Estimator.evaluate` do; the log and `reason_for_cold` say why. So does one
    of a model that has no checkpoint yet.

    Evaluations in several threads wait for each other.

    Args:
      model: What is evaluated.
      input_fn: As for `Estimator.evaluate`, and the others.
      steps: As there.
      hooks: As there.
      name: As there.

    Attributes:
      reason_for_cold: Why nothing is kept; "" where it is, None as long as
        that is unknown.

    Raises:
      ValueError: if `steps` is not positive.
      TypeError: if a hook is none.
    """

    def __init__(
        self,
        model: Model,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Iterable[Any] | None = None,
        name: str | None = None,
    ) -> None:
        self._model = model
        self._input_fn = input_fn
        self._steps = steps
        self._hooks = evaluation_graph.check_arguments(
            model.config, steps, hooks
        )
        self._name = name
        self._kept: tuple[EvalGraph, KeptSessionCreator] | None = None
        self._lock = threading.RLock()
        self._is_closed = False
        self.reason_for_cold: str | None = None

    def run(self, checkpoint_path: str | None = None) -> dict[str, Any]:
        """Evaluates a checkpoint, and writes the metrics as events.

        Args:
          checkpoint_path: Of the variables; None for the newest one.

        Returns:
          As `Estimator.evaluate`.

        Raises:
          SessionClosedError: after `close()`.
          As `Estimator.evaluate`.
        """
        with self._lock:
            if self._is_closed:
                raise errors.SessionClosedError(
                    "The evaluation is already closed. Make a new one."
                )
            path = evaluation_session.checkpoint_or_newest(
                self._model, checkpoint_path, "evaluate"
            )
            if path is None or self.reason_for_cold:
                return self._run_cold(self._build(path), path)
            if self._kept is None:
                return self._run_first(path)
            return self._run_warm(*self._kept, path)

    __call__ = run

    def close(self) -> None:
        """Closes the session; a second call does nothing."""
        with self._lock:
            self._is_closed = True
            kept, self._kept = self._kept, None
            if kept is not None:
                kept[1].close()

    def __enter__(self) -> WarmEvaluation:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _build(self, path: str | None) -> EvalGraph:
        return evaluation_graph.build(
            self._model, self._input_fn, self._steps, self._hooks, path
        )

    def _run_first(self, path: str) -> dict[str, Any]:
        """Builds the graph; keeps it if it can be kept."""
        built = self._build(path)
        rules = evaluation_session.restore_rules(self._model.config)
        self.reason_for_cold = warm_reasons.reason_for_cold(
            built
        ) or _reason_of_rules(rules)
        if self.reason_for_cold:
            logging.warning(
                "Each evaluation %sbuilds a new graph: %s.",
                f"{self._name!r} " if self._name else "",
                self.reason_for_cold,
            )
            return self._run_cold(built, path)
        creator = KeptSessionCreator(
            built.graph,
            built.scaffold,
            functools.partial(
                evaluation_session.session_creator,
                self._model,
                built.scaffold,
                self._model.config.evaluation_master,
            ),
            rules.verify,
        )
        self._kept = built, creator
        return self._run_warm(built, creator, path)

    def _run_warm(
        self, built: EvalGraph, creator: KeptSessionCreator, path: str
    ) -> dict[str, Any]:
        creator.take(path)
        try:
            return evaluation.run_and_write(
                self._model, built, path, self._name, creator
            )
        except BaseException:
            creator.close()  # Nobody knows which state it is in.
            raise

    def _run_cold(self, built: EvalGraph, path: str | None) -> dict[str, Any]:
        return evaluation.run_and_write(self._model, built, path, self._name)


def _reason_of_rules(rules: RestoreRules) -> str:
    if rules.restore == partial_restore.STRICT:
        return ""
    return f"restore={rules.restore!r} may initialize variables, each time anew"
