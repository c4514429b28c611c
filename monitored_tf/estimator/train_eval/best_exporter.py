"""The exporter of the best models."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf.estimator import fn_args
from monitored_tf.estimator.evaluate import eval_events
from monitored_tf.estimator.train_eval.exporters import SavedModelExporter

_LOSS = "loss"
_ARGS = ("best_eval_result", "current_eval_result")


def loss_smaller(
    best_eval_result: Mapping[str, Any], current_eval_result: Mapping[str, Any]
) -> bool:
    """Returns whether the loss of the second evaluation is smaller.

    Args:
      best_eval_result: Metrics by name.
      current_eval_result: Metrics by name.

    Raises:
      ValueError: if one has no loss.
    """
    for name, result in zip(_ARGS, (best_eval_result, current_eval_result)):
        if not result or _LOSS not in result:
            raise ValueError(
                f"{name} cannot be empty or no loss is found in it. Got "
                f"{result!r}: give BestExporter a compare_fn for other metrics."
            )
    return bool(best_eval_result[_LOSS] > current_eval_result[_LOSS])


class BestExporter(SavedModelExporter):
    """Exports a model that is better than all before, and deletes old exports.

    What was best before this process began is read from the events of its
    evaluations. The first model of a process is exported in any case, as
    tf.estimator does, and is then the best, even if it is worse.

    Args:
      name: As `Exporter.name`.
      serving_input_receiver_fn: As for `Estimator.export_saved_model`.
      event_file_pattern: Of the event files below `model_dir`, those of
        `eval_<name>` for an `EvalSpec` that has a name; None to read none.
      compare_fn: Function of `best_eval_result` and `current_eval_result`,
        metrics by name, that returns whether the second is better. That with
        the smaller loss is, if nothing is said.
      assets_extra: As there.
      as_text: As there.
      exports_to_keep: How many of the newest are kept; None for all.

    Raises:
      ValueError: if the number is not positive, or `compare_fn` is None or has
        other arguments.
    """

    def __init__(
        self,
        name: str = "best_exporter",
        serving_input_receiver_fn: Callable[[], Any] | None = None,
        event_file_pattern: str | None = "eval/*.tfevents.*",
        compare_fn: Callable[..., Any] = loss_smaller,
        assets_extra: Mapping[str, str] | None = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        super().__init__(
            name,
            serving_input_receiver_fn,
            assets_extra,
            as_text,
            exports_to_keep,
        )
        _check_compare_fn(compare_fn)
        self._event_file_pattern = event_file_pattern
        self._compare_fn = compare_fn
        self._model_dir: str | None = None
        self._best: Mapping[str, Any] | None = None
        self._has_exported = False

    def _wants(
        self, estimator: Any, eval_result: Mapping[str, Any], is_final: bool
    ) -> bool:
        if self._event_file_pattern and self._model_dir != estimator.model_dir:
            self._model_dir = estimator.model_dir
            self._best = self._best_of_events(
                os.path.join(estimator.model_dir, self._event_file_pattern)
            )
        if not self._is_best(eval_result):
            return False
        logging.info("Exporting the best model so far.")
        return True

    def _exported(self, eval_result: Mapping[str, Any]) -> None:
        self._best = eval_result
        self._has_exported = True

    def _is_best(self, eval_result: Mapping[str, Any]) -> bool:
        if self._best is None or not self._has_exported:
            return True
        return bool(
            self._compare_fn(
                best_eval_result=self._best, current_eval_result=eval_result
            )
        )

    def _best_of_events(self, pattern: str) -> Mapping[str, Any] | None:
        best: Mapping[str, Any] | None = None
        for path in sorted(tf.compat.v1.gfile.Glob(pattern)):
            for _, result in eval_events.scalars_of(path):
                if best is None or self._compare_fn(best, result):
                    best = result
        return best


def _check_compare_fn(compare_fn: Any) -> None:
    if compare_fn is None:
        raise ValueError("`compare_fn` must not be None: leave it out.")
    names = fn_args.fn_args(compare_fn)
    for name in _ARGS:
        if name not in names:
            raise ValueError(
                f"compare_fn ({compare_fn!r}) must include {name} argument. It "
                f"names {', '.join(names) or 'none'}."
            )
    others = [name for name in names if name not in _ARGS]
    if others:
        raise ValueError(
            f"compare_fn ({compare_fn!r}) has following not expected args: "
            f"{', '.join(others)}. Bind them with functools.partial."
        )
