"""Evaluates while a training goes on, whenever it saves a checkpoint."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from absl import logging

from monitored_tf.estimator.train_eval.checkpoint_evaluator import (
    CheckpointEvaluator,
)
from monitored_tf.estimator.train_eval.evaluation_cadence import (
    EvaluationCadence,
)
from monitored_tf.hooks import PreemptionHook


class _Evaluation(NamedTuple):
    evaluator: CheckpointEvaluator
    cadence: EvaluationCadence


class EvaluationListener(
    tf.compat.v1.train.CheckpointSaverListener  # type: ignore[misc]
):
    """Evaluates checkpoints of a training in this process.

    Not the first one, of what training begins with; the last one always. The
    training session only waits: an evaluation has a graph and session of its
    own.

    Args:
      evaluators: What evaluates, for each `EvalSpec`.
      preemption_hook: Of the training. Once a signal has come, no evaluation
        delays the end of the process.
    """

    def __init__(
        self,
        evaluators: Sequence[CheckpointEvaluator],
        preemption_hook: PreemptionHook,
    ) -> None:
        self._evaluators = tuple(evaluators)
        self._preemption_hook = preemption_hook
        self._evaluations: list[_Evaluation] = []
        self._saved_step: int | None = None
        self._thread = 0

    def begin(self) -> None:
        """Counts anew: a training begins."""
        self._saved_step = None
        self._thread = threading.get_ident()
        self._evaluations = [
            _Evaluation(
                evaluator,
                EvaluationCadence(
                    evaluator.spec.throttle_secs, evaluator.spec.every_n_steps
                ),
            )
            for evaluator in self._evaluators
        ]

    def is_due(self, step: int) -> bool:
        """Returns whether to save this step because it is to be evaluated.

        Not if a save for that was begun a few steps ago: it is being written,
        or it failed.
        """
        return self._saved_step is not None and any(
            cadence.is_save_due(step) for _, cadence in self._evaluations
        )

    def before_save(self, session: Any, global_step_value: Any) -> None:
        """Takes note of the try: a save that fails has no `after_save`."""
        for _, cadence in self._evaluations:
            cadence.tried(int(global_step_value))

    def after_save(self, session: Any, global_step_value: Any) -> None:
        """Evaluates what is due."""
        step = int(global_step_value)
        is_first = self._saved_step is None
        self._saved_step = step
        if is_first:
            for _, cadence in self._evaluations:
                cadence.start(step)
        elif self._has_time():
            for evaluator, cadence in self._evaluations:
                if cadence.is_due(step):
                    _evaluate(evaluator, cadence, step)
                else:
                    _log_skipped(evaluator, step)

    def end(self, session: Any, global_step_value: Any) -> None:
        """Evaluates the last checkpoint unless that was done.

        Raises:
          RuntimeError: if there is no checkpoint of what was saved.
        """
        step = int(global_step_value)
        if not self._has_time():
            return
        for evaluator, cadence in self._evaluations:
            if cadence.last_step == step:
                continue
            if step != self._saved_step and _is_up_to_date(evaluator):
                # As with on_nan="skip". What was evaluated before holds.
                _warn_not_saved(evaluator, step)
            else:
                _evaluate(evaluator, cadence, step)

    def _has_time(self) -> bool:
        # The hook saves in a thread of its own where a step does not end.
        return (
            self._preemption_hook.preempted is None
            and self._thread == threading.get_ident()
        )


def _is_up_to_date(evaluator: CheckpointEvaluator) -> bool:
    return evaluator.last is not None and evaluator.new_checkpoint() is None


def _evaluate(
    evaluator: CheckpointEvaluator, cadence: EvaluationCadence, step: int
) -> None:
    cadence.began(step)
    path = evaluator.new_checkpoint()
    if path is None:
        raise RuntimeError(
            "There was no new checkpoint after the training. An evaluation is "
            f"due at step {step}, but a checkpoint of it is not in the folder "
            "of the model: does something else write or delete there?"
        )
    evaluator.evaluate(path)


def _warn_not_saved(evaluator: CheckpointEvaluator, step: int) -> None:
    logging.warning(
        "Evaluation%s: not evaluated: step %d was not saved. The results of "
        "the evaluation before it are the last ones.",
        _shown_name(evaluator),
        step,
    )


def _log_skipped(evaluator: CheckpointEvaluator, step: int) -> None:
    spec = evaluator.spec
    logging.info(
        "Evaluation%s: skipped at step %d, since %s.",
        _shown_name(evaluator),
        step,
        f"throttle_secs={spec.throttle_secs}"
        if spec.every_n_steps is None
        else f"every_n_steps={spec.every_n_steps}",
    )


def _shown_name(evaluator: CheckpointEvaluator) -> str:
    name = evaluator.spec.name
    return f" {name!r}" if name else ""
