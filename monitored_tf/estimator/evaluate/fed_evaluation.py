"""Evaluations whose variables are handed over, instead of restored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf

from monitored_tf.estimator.evaluate import (
    evaluation,
    evaluation_graph,
    evaluation_session,
    warm_reasons,
)
from monitored_tf.estimator.model import Model
from monitored_tf.session_creators import ReusedSessionCreator

_v1 = tf.compat.v1
Values = Mapping[str, Any]


class FedEvaluation:
    """Evaluates a model again and again, with variables that it is given.

    The graph is built once. So is the session, where a second evaluation in it
    cannot differ from one in a new session.

    Attributes:
      variable_names: Of the global variables of the graph.

    Args:
      model: What is evaluated.
      input_fn: As for `Estimator.evaluate`.
      steps: As there.
      hooks: As there.
      name: As there.

    Raises:
      ValueError: if the model restores or initializes in a way of its own.
      As `Estimator.evaluate`.
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
        self._name = name
        self._built = evaluation_graph.build(model, input_fn, steps, hooks)
        _check_scaffold(self._built.scaffold)
        # Asked now: a session adds a saver to the graph.
        self._is_repeatable = not warm_reasons.reason_for_cold(self._built)
        with self._built.graph.as_default():
            self._assigns = _assigns(_v1.global_variables())
        self.variable_names = frozenset(self._assigns)
        self._kept: Any = None
        self._local_init_op: Any = None

    def run(self, values: Values) -> dict[str, Any]:
        """Evaluates, and writes the metrics as events.

        Args:
          values: Those of the variables, by name. One that is left out begins
            as the model says.

        Returns:
          As `Estimator.evaluate`.

        Raises:
          As `Estimator.evaluate`.
        """
        try:
            return evaluation.run_and_write(
                self._model,
                self._built,
                None,
                self._name,
                self._session_creator(values),
            )
        except BaseException:
            self.close()  # Nobody knows what that session holds.
            raise

    def close(self) -> None:
        """Closes the session, if one is kept."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def _session_creator(self, values: Values) -> Any:
        if self._kept is not None:
            self._assign(values, self._kept)
            self._kept.run(self._local_init_op)
            return ReusedSessionCreator(self._kept)
        scaffold = self._scaffold_with(values)
        creator = evaluation_session.session_creator(
            self._model,
            scaffold,
            self._model.config.evaluation_master,
            None,
        )
        if self._is_repeatable and self.variable_names <= set(values):
            with self._built.graph.as_default():
                self._kept = creator.create_session()
            self._local_init_op = scaffold.local_init_op
            return ReusedSessionCreator(self._kept)
        return creator

    def _scaffold_with(self, values: Values) -> Any:
        def init_fn(scaffold: Any, session: Any) -> None:
            del scaffold
            self._assign(values, session)

        return _v1.train.Scaffold(
            init_fn=init_fn, copy_from_scaffold=self._built.scaffold
        )

    def _assign(self, values: Values, session: Any) -> None:
        assigned = [
            (*self._assigns[name], value)
            for name, value in values.items()
            if name in self._assigns
        ]
        session.run(
            [assign for assign, _, _ in assigned],
            {placeholder: value for _, placeholder, value in assigned},
        )


def _check_scaffold(scaffold: Any) -> None:
    for name in ("saver", "init_fn"):
        if getattr(scaffold, name) is not None:
            raise ValueError(
                f"InMemoryEvaluator does not support custom {name}: model_fn "
                "returns a scaffold with one. Evaluate checkpoints instead, "
                "with Estimator.evaluate."
            )


def _assigns(variables: Iterable[Any]) -> dict[str, tuple[Any, Any]]:
    """Makes an op that sets a variable, and what it is fed, for each."""
    made = {}
    for variable in variables:
        value = _v1.placeholder(variable.dtype.base_dtype)
        assign = _v1.assign(variable, value, validate_shape=False)
        made[variable.name] = (assign.op, value)
    return made
