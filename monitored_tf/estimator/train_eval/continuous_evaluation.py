"""What an evaluator of a cluster does: it evaluates what the chief saves."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

import tensorflow as tf
from absl import logging

from monitored_tf.estimator.estimator import Estimator
from monitored_tf.estimator.train_eval.checkpoint_evaluator import (
    CheckpointEvaluator,
    Evaluation,
)
from monitored_tf.estimator.train_eval.eval_spec import EvalSpec
from monitored_tf.estimator.train_eval.train_spec import TrainSpec

_REMIND_EVERY_SECS = 600.0
# Without it throttle_secs=0 would ask the file system without a pause.
_LEAST_PAUSE_SECS = 1.0


def evaluate_continuously(
    estimator: Estimator, train_spec: TrainSpec, eval_specs: Sequence[EvalSpec]
) -> None:
    """Evaluates new checkpoints until training is at its `max_steps`.

    Without `max_steps`, and where training ends before, it never returns.

    Args:
      estimator: Whose checkpoints.
      train_spec: What the chief trains with.
      eval_specs: How to evaluate.

    Raises:
      As `Estimator.evaluate` and the exporters.
    """
    with contextlib.ExitStack() as closing:
        pending = [
            _Evaluations(estimator, spec, train_spec.max_steps)
            for spec in eval_specs
        ]
        for evaluations in pending:
            closing.callback(evaluations.close)
        while pending:
            next_one = min(pending, key=lambda each: each.due_at)
            _sleep_until(next_one.due_at)
            next_one.look()
            if next_one.are_over:
                pending.remove(next_one)


class _Evaluations:
    """The evaluations of one `EvalSpec`.

    Attributes:
      due_at: `time.monotonic()` when a checkpoint is to be looked for.
    """

    def __init__(
        self, estimator: Estimator, spec: EvalSpec, max_steps: int | None
    ) -> None:
        self._evaluator = CheckpointEvaluator(estimator, spec, max_steps)
        self._spec = spec
        self._model_dir = estimator.model_dir
        self._max_steps = max_steps
        self._reminded_at: float | None = None
        self.due_at = time.monotonic() + spec.start_delay_secs
        if spec.start_delay_secs:
            logging.info(
                "The evaluator begins in %.0f s (start_delay_secs).",
                spec.start_delay_secs,
            )

    @property
    def are_over(self) -> bool:
        """Whether the model that is evaluated last is the final one."""
        last = self._evaluator.last
        return last is not None and last.is_final

    def look(self) -> None:
        """Evaluates the newest checkpoint if that is new enough."""
        began = time.monotonic()
        path = self._evaluator.new_checkpoint()
        is_due = path is not None and self._is_due(path)
        if path is not None and is_due:
            self._reminded_at = None
            self._log(self._evaluator.evaluate(path))
        else:
            self._remind()
        self.due_at = began + self._spec.throttle_secs
        if not is_due:
            least = time.monotonic() + _LEAST_PAUSE_SECS
            self.due_at = max(self.due_at, least)

    def close(self) -> None:
        """Closes what is kept warm."""
        self._evaluator.close()

    def _is_due(self, path: str) -> bool:
        last = self._evaluator.last
        if last is None or self._spec.every_n_steps is None:
            return True
        step = _global_step(path)
        return (
            step is None
            or step >= last.global_step + self._spec.every_n_steps
            or (self._max_steps is not None and step >= self._max_steps)
        )

    def _log(self, evaluation: Evaluation) -> None:
        if evaluation.is_final:
            logging.info(
                "The evaluator ends: step %d was evaluated, and max_steps is "
                "%d.",
                evaluation.global_step,
                self._max_steps,
            )

    def _remind(self) -> None:
        """Says what is waited for, not too often."""
        now = time.monotonic()
        if (
            self._reminded_at is not None
            and now - self._reminded_at < _REMIND_EVERY_SECS
        ):
            return
        self._reminded_at = now
        logging.warning("%s", self._awaited())

    def _awaited(self) -> str:
        last = self._evaluator.last
        if last is None:
            awaited = (
                f"the first checkpoint: there is none in {self._model_dir} "
                "yet. The chief writes it; if it does train, is this its "
                "model_dir too?"
            )
        else:
            awaited = f"a newer checkpoint than {last.checkpoint_path}"
            awaited += (
                ". It never ends by itself, since max_steps is None."
                if self._max_steps is None
                else f": it ends with that of step {self._max_steps}."
            )
        if not self._spec.throttle_secs:
            awaited += (
                " EvalSpec.throttle_secs is set as 0, so it looks each second. "
                "Please consider to increase it."
            )
        return f"The evaluator waits for {awaited}"


def _global_step(path: str) -> int | None:
    """Returns the step that a checkpoint holds, or None.

    That of its name may differ: other workers train on while it is saved.
    """
    reader = tf.train.load_checkpoint(path)
    name = tf.compat.v1.GraphKeys.GLOBAL_STEP
    return int(reader.get_tensor(name)) if reader.has_tensor(name) else None


def _sleep_until(moment: float) -> None:
    secs = moment - time.monotonic()
    if secs > 0:
        time.sleep(secs)
