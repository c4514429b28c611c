"""Evaluates the newest checkpoint of an Estimator, and exports it."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import tensorflow as tf

from monitored_tf.estimator.estimator import Estimator
from monitored_tf.estimator.train_eval.eval_spec import EvalSpec

_GLOBAL_STEP = tf.compat.v1.GraphKeys.GLOBAL_STEP


class Evaluation(NamedTuple):
    """What came of an evaluation.

    Attributes:
      checkpoint_path: Of what was evaluated.
      metrics: As `Estimator.evaluate` returns them.
      exports: What each exporter returned.
      is_final: Whether training is at its `max_steps`.
    """

    checkpoint_path: str
    metrics: dict[str, Any]
    exports: list[Any]
    is_final: bool

    @property
    def global_step(self) -> int:
        """The step of the checkpoint."""
        return int(self.metrics[_GLOBAL_STEP])


class CheckpointEvaluator:
    """Evaluates one checkpoint after the other, as an `EvalSpec` says.

    Attributes:
      spec: The `EvalSpec`.
      last: The last `Evaluation`, or None.

    Args:
      estimator: The `Estimator`.
      spec: The `EvalSpec`.
      max_steps: Global step that training ends at, or None.
    """

    def __init__(
        self, estimator: Estimator, spec: EvalSpec, max_steps: int | None
    ) -> None:
        self.spec = spec
        self.last: Evaluation | None = None
        self._estimator = estimator
        self._max_steps = max_steps
        self._warm: Any = None

    def new_checkpoint(self) -> str | None:
        """Returns the newest checkpoint unless it was evaluated; else None."""
        path = self._estimator.latest_checkpoint()
        is_known = self.last is not None and path == self.last.checkpoint_path
        return None if is_known or not path else path

    def evaluate(self, checkpoint_path: str) -> Evaluation:
        """Evaluates a checkpoint and calls the exporters.

        Args:
          checkpoint_path: Of it.

        Raises:
          As `Estimator.evaluate` and the exporters.
        """
        metrics = _checked_metrics(self._metrics(checkpoint_path))
        is_final = bool(
            self._max_steps and metrics[_GLOBAL_STEP] >= self._max_steps
        )
        exports = self._exports(checkpoint_path, metrics, is_final)
        self.last = Evaluation(checkpoint_path, metrics, exports, is_final)
        return self.last

    def close(self) -> None:
        """Closes what is kept warm."""
        if self._warm is not None:
            self._warm.close()

    def _metrics(self, checkpoint_path: str) -> Any:
        what: dict[str, Any] = {
            "input_fn": self.spec.input_fn,
            "steps": self.spec.steps,
            "hooks": self.spec.hooks,
            "name": self.spec.name,
        }
        if not self.spec.keep_warm:
            return self._estimator.evaluate(
                **what, checkpoint_path=checkpoint_path
            )
        self._warm = self._warm or self._estimator.warm_evaluator(**what)
        return self._warm.run(checkpoint_path)

    def _exports(
        self, checkpoint_path: str, metrics: dict[str, Any], is_final: bool
    ) -> list[Any]:
        folder = os.path.join(self._estimator.model_dir, "export")
        return [
            exporter.export(
                estimator=self._estimator,
                export_path=os.path.join(folder, exporter.name),
                checkpoint_path=checkpoint_path,
                eval_result=metrics,
                is_the_final_export=is_final,
            )
            for exporter in self.spec.exporters
        ]


def _checked_metrics(metrics: Any) -> dict[str, Any]:
    # A subclass may have an evaluate() of its own.
    if not metrics:
        raise ValueError(
            "Internal error: `Estimator.evaluate` should never return empty "
            f"metrics. Got {metrics!r}."
        )
    if not isinstance(metrics, dict):
        raise TypeError(
            "Internal error: `Estimator.evaluate` should return dict. Got "
            f"{metrics!r:.200}, of type {type(metrics).__name__}."
        )
    if _GLOBAL_STEP not in metrics:
        raise ValueError(
            "Internal error: `Estimator.evaluate` result should have "
            f"`global_step` in it. Got {metrics!r:.200}."
        )
    return metrics
