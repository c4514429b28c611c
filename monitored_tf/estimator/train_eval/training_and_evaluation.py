"""Trains, evaluates and exports, in one process or as a task of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitored_tf.estimator.config.task_config import TaskType
from monitored_tf.estimator.estimator import Estimator, check_estimator
from monitored_tf.estimator.train_eval import cluster_training, local_training
from monitored_tf.estimator.train_eval.eval_spec import (
    EvalSpec,
    check_exporter_names,
)
from monitored_tf.estimator.train_eval.run_spec_checks import shown
from monitored_tf.estimator.train_eval.train_spec import TrainSpec


def train_and_evaluate(
    estimator: Estimator,
    train_spec: TrainSpec,
    eval_spec: EvalSpec | Sequence[EvalSpec],
) -> Any:
    """Trains a model, and evaluates and exports it meanwhile.

    Without a cluster in TF_CONFIG, all is done in this process: training is
    one call of `Estimator.train`, and an evaluation follows a checkpoint, if
    `eval_spec.throttle_secs` have gone by, and the end. In a cluster each task
    does its part by its type, all with the same program and `model_dir`:

        chief, worker   start a server and train
        ps              starts a server, and holds variables for ever
        evaluator       evaluates checkpoints until `max_steps` is reached
        master          an older chief, which evaluates as without a cluster

    Where training has reached `max_steps` before, nothing is done.

    Args:
      estimator: The model.
      train_spec: How to train.
      eval_spec: How and when to evaluate; or a list, for evaluations of
        different data for instance, whose names must differ.

    Returns:
      Metrics of the last evaluation and a list of what its exporters returned;
      (None, None) if there was none. For a list of specs, a list of such
      pairs. None in a cluster.

    Raises:
      TypeError: if an argument is of the wrong type.
      ValueError: if no checkpoints are saved, specs of a list have the same
        name, or the task of TF_CONFIG has no part in this.
      RuntimeError: if a server can't be started.
      As `Estimator.train`, `Estimator.evaluate` and the exporters.
    """
    eval_specs = _checked_eval_specs(eval_spec)
    check_estimator(estimator)
    _require(train_spec, TrainSpec, "train_spec")
    config = estimator.config
    if config.cluster_spec or config.task_type == TaskType.EVALUATOR:
        cluster_training.train_and_evaluate(estimator, train_spec, eval_specs)
        return None
    results = local_training.train_and_evaluate(
        estimator, train_spec, eval_specs
    )
    return results[0] if isinstance(eval_spec, EvalSpec) else results


def _checked_eval_specs(given: Any) -> tuple[EvalSpec, ...]:
    # An EvalSpec is a tuple itself.
    is_list = isinstance(given, (list, tuple)) and not isinstance(
        given, EvalSpec
    )
    eval_specs = tuple(given) if is_list else (given,)
    for eval_spec in eval_specs:
        _require(eval_spec, EvalSpec, "eval_spec")
    if is_list:
        _check_names(eval_specs)
    return eval_specs


def _check_names(eval_specs: Sequence[EvalSpec]) -> None:
    names = [eval_spec.name for eval_spec in eval_specs]
    if not names or len({*names}) < len(names):
        raise ValueError(
            "A list of EvalSpec must have one or more, each with a name of its "
            f"own: they write into folders of that name. The names: {names}."
        )
    check_exporter_names([e for spec in eval_specs for e in spec.exporters])


def _require(given: Any, wanted: type, name: str) -> None:
    if not isinstance(given, wanted):
        raise TypeError(
            f"`{name}` must have type `tf.estimator.{wanted.__name__}`. Got "
            f"{shown(given)}."
        )
