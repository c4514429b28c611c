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
        self._has_started = False
        self._thread = 0

    def begin(self) -> None:
        """Counts anew: a training begins."""
        self._has_started = False
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
        """Returns whether a checkpoint of this step would be evaluated."""
        return self._has_started and any(
            cadence.is_due(step) for _, cadence in self._evaluations
        )

    def after_save(self, session: Any, global_step_value: Any) -> None:
        """Evaluates what is due."""
        step = int(global_step_value)
        if not self._has_started:
            self._has_started = True
            for _, cadence in self._evaluations:
                cadence.start(step)
        elif self._has_time():
            for evaluator, cadence in self._evaluations:
                if cadence.is_due(step):
                    _evaluate(evaluator, cadence, step)
                else:
                    _log_skipped(evaluator, step)

    def end(self, session: Any, global_step_value: Any) -> None:
        """Evaluates the last step unless that was done."""
        step = int(global_step_value)
        if self._has_time():
            for evaluator, cadence in self._evaluations:
                if cadence.last_step != step:
                    _evaluate(evaluator, cadence, step)

    def _has_time(self) -> bool:
        # The hook saves in a thread of its own where a step does not end.
        return (
            self._preemption_hook.preempted is None
            and self._thread == threading.get_ident()
        )


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


def _log_skipped(evaluator: CheckpointEvaluator, step: int) -> None:
    spec = evaluator.spec
    logging.info(
        "Evaluation%s: skipped at step %d, since %s.",
        f" {spec.name!r}" if spec.name else "",
        step,
        f"throttle_secs={spec.throttle_secs}"
        if spec.every_n_steps is None
        else f"every_n_steps={spec.every_n_steps}",
    )
