"""Evaluates a model while it trains, without checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from monitored_tf.estimator.estimator import Estimator, model_of
from monitored_tf.estimator.evaluate import evaluation_graph
from monitored_tf.estimator.evaluate.fed_evaluation import FedEvaluation
from monitored_tf.session_run_hook import SessionRunHook

_v1 = tf.compat.v1


class InMemoryEvaluatorHook(SessionRunHook):
    """Evaluates before training, every n iterations, and at the end.

        evaluator = InMemoryEvaluatorHook(estimator, eval_input_fn)
        estimator.train(train_input_fn, hooks=[evaluator])

    `eval_input_fn` and `model_fn` are called once, for all evaluations of a
    training, and each evaluation copies the variables from the training
    session. The metrics are written as those of `Estimator.evaluate` are. An
    evaluation at the last step is followed by the one at the end.

    Args:
      estimator: The `Estimator` that is trained, in one process.
      input_fn: As for `Estimator.evaluate`.
      steps: As there.
      hooks: As there; `begin()` is called for each evaluation.
      name: As there.
      every_n_iter: Runs of the training session between two evaluations.

    Raises:
      ValueError: if a number is not positive, or there are other tasks. While
        training, if there are objects to be saved other than variables, or
        the model has a saver or an init_fn of its own.
      TypeError: if `estimator` or a hook is none.
    """

    def __init__(
        self,
        estimator: Estimator,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Iterable[Any] | None = None,
        name: str | None = None,
        every_n_iter: int = 100,
    ) -> None:
        if every_n_iter is None or every_n_iter <= 0:
            raise ValueError(
                f"invalid every_n_iter={every_n_iter}: it must be at least 1."
            )
        self._model = model_of(estimator)
        config = self._model.config
        if config.num_ps_replicas > 0 or config.num_worker_replicas > 1:
            raise ValueError(
                "InMemoryEvaluator supports only single machine (aka Local) "
                f"setting. Got {config.num_ps_replicas} parameter servers and "
                f"{config.num_worker_replicas} workers: use an evaluator task."
            )
        self._input_fn = input_fn
        self._steps = steps
        self._hooks = evaluation_graph.check_arguments(config, steps, hooks)
        self._name = name
        self._every_n_iter = every_n_iter
        self._evaluation: Any = None
        self._variables: dict[str, Any] = {}
        self._iterations = 0

    def begin(self) -> None:
        """Builds the graph of the evaluations."""
        self._evaluation = FedEvaluation(
            self._model,
            self._input_fn,
            self._steps,
            self._hooks,
            self._name,
        )

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Evaluates the model as training begins with it.

        Args:
          session: The training session.
          coord: Not used.
        """
        del coord
        collected = session.graph.get_collection
        if collected(_v1.GraphKeys.SAVEABLE_OBJECTS):
            raise ValueError(
                "InMemoryEvaluator does not support saveables other than "
                "global variables. The graph has some in its collection "
                "SAVEABLE_OBJECTS."
            )
        self._variables = {
            variable.name: variable
            for variable in collected(_v1.GraphKeys.GLOBAL_VARIABLES)
            if variable.name in self._evaluation.variable_names
        }
        self._evaluate(session)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Evaluates if it is due.

        Args:
          run_context: Of this run.
          run_values: Not used.
        """
        del run_values
        self._iterations += 1
        if self._iterations >= self._every_n_iter:
            self._evaluate(run_context.session)

    def end(self, session: Any) -> None:
        """Evaluates the model as training leaves it.

        Args:
          session: The training session.
        """
        self._evaluate(session)
        self.close()

    def close(self) -> None:
        """Lets go of the session of the evaluations."""
        if self._evaluation is not None:
            self._evaluation.close()

    def _evaluate(self, session: Any) -> None:
        self._iterations = 0
        self._evaluation.run(session.run(self._variables))
