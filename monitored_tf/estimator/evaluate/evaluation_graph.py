"""The graph of an evaluation, as a value that runs can share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from monitored_tf.estimator import warm_start
from monitored_tf.estimator.config.run_config import RunConfig
from monitored_tf.estimator.estimator_spec import EstimatorSpec
from monitored_tf.estimator.evaluate import evaluation_steps
from monitored_tf.estimator.mode_keys import ModeKeys
from monitored_tf.estimator.model import Model
from monitored_tf.estimator.train import train_checks
from monitored_tf.session_run_hook import SessionRunHook

_v1 = tf.compat.v1
LOSS = "loss"
GLOBAL_STEP = "global_step"


@dataclasses.dataclass(frozen=True, eq=False)
class EvalGraph:
    """A graph that evaluates a model, and what is to be run in it.

    Attributes:
      graph: The `tf.Graph`.
      spec: What the model function returned.
      scaffold: That of the spec, or one that initializes the metrics too.
      step: Ops of one step: updates of the metrics, and of its counter.
      values: Tensors of the metrics by name, sorted, and last the global step.
      inputs: Tensors of the features and the labels.
      input_hooks: They start the input.
      user_hooks: Those that were given.
      stop_hooks: The one that ends it after some steps, or none.
    """

    graph: Any
    spec: EstimatorSpec
    scaffold: Any
    step: list[Any]
    values: dict[str, Any]
    inputs: list[Any]
    input_hooks: tuple[SessionRunHook, ...]
    user_hooks: tuple[Any, ...]
    stop_hooks: tuple[SessionRunHook, ...]

    @property
    def hooks(self) -> tuple[Any, ...]:
        """All hooks, in their order."""
        return (
            *self.input_hooks,
            *self.user_hooks,
            *self.stop_hooks,
            *self.spec.evaluation_hooks,
        )


def check_arguments(
    config: RunConfig, steps: int | None, hooks: Iterable[Any] | None
) -> tuple[Any, ...]:
    """Checks what an evaluation is asked for; returns the user's hooks.

    Raises:
      ValueError: if the steps are not positive, or a `tf.distribute` strategy
        is to evaluate.
      TypeError: if a hook is none.
    """
    strategy = config.eval_distribute or getattr(
        config.experimental_distribute, "eval_distribute", None
    )
    if strategy is not None:
        raise ValueError(
            "An Estimator does not evaluate with a tf.distribute strategy. Got "
            f"eval_distribute={strategy!r:.200}. Leave it out."
        )
    checked = train_checks.checked_hooks(hooks)
    if steps is not None and steps <= 0:
        raise ValueError(
            f"Must specify steps > 0, given: {steps}. None evaluates until the "
            "input ends."
        )
    return checked


def build(
    model: Model,
    input_fn: Callable[..., Any],
    steps: int | None = None,
    hooks: Iterable[Any] | None = None,
    checkpoint_path: str | None = None,
) -> EvalGraph:
    """Builds the graph of an evaluation.

    Args:
      model: What is evaluated.
      input_fn: The user's.
      steps: After which it ends; None for the end of the input.
      hooks: The user's.
      checkpoint_path: Where the variables will come from. None: they begin as
        the model says, or its `warm_start_from`.

    Raises:
      ValueError: if the steps are not positive, or a metric has a name that
        the Estimator uses itself.
      TypeError: if a hook is none.
      As the user's functions.
    """
    user_hooks = check_arguments(model.config, steps, hooks)
    with model.new_graph() as graph:
        given = model.input(input_fn, ModeKeys.EVAL)
        spec = model.spec(given.features, given.labels, ModeKeys.EVAL)
        update_op, values = _updates_and_values(spec)
        warm_start_model(model, checkpoint_path)
        step, completed = evaluation_steps.counted(update_op)
        return EvalGraph(
            graph=graph,
            spec=spec,
            scaffold=_scaffold_with_metrics(spec.scaffold),
            step=step,
            values=values,
            inputs=_tensors(given[:2]),
            input_hooks=given.hooks,
            user_hooks=user_hooks,
            stop_hooks=_stop_hooks(steps, completed),
        )


def _tensors(structure: Any) -> list[Any]:
    parts = tf.nest.flatten(structure, expand_composites=True)
    return [part for part in parts if isinstance(part, tf.Tensor)]


def warm_start_model(model: Model, checkpoint_path: str | None) -> None:
    """Lets variables of the default graph begin as `warm_start_from` says.

    Args:
      model: Whose graph it is.
      checkpoint_path: With one nothing is done.
    """
    if not checkpoint_path and model.warm_start_from is not None:
        warm_start.apply(model.warm_start_from)


def _updates_and_values(spec: EstimatorSpec) -> tuple[Any, dict[str, Any]]:
    """Returns the op that updates all metrics, and their values."""
    metrics = dict(spec.eval_metric_ops)
    for name in (LOSS, GLOBAL_STEP):
        if name in metrics:
            shown = f'"{name}"' if name == LOSS else f"`{name}`"
            raise ValueError(
                f"Metric with name {shown} is not allowed: the Estimator "
                "reports one of that name itself. Rename it in "
                "eval_metric_ops."
            )
    metrics[LOSS] = _v1.metrics.mean(spec.loss)
    # In this order, for a graph that is the same each time.
    named = sorted(metrics.items(), key=_name)
    values = {name: value for name, (value, _) in named}
    values[GLOBAL_STEP] = _v1.train.get_global_step()
    return tf.group(*(update for _, (_, update) in named)), values


def _name(item: tuple[str, Any]) -> str:
    return item[0]


def _scaffold_with_metrics(scaffold: Any) -> Any:
    # What the user's op initializes was there before our metrics were.
    if scaffold.local_init_op is None:
        return scaffold
    both = tf.group(
        scaffold.local_init_op, _v1.train.Scaffold.default_local_init_op()
    )
    return _v1.train.Scaffold(local_init_op=both, copy_from_scaffold=scaffold)


def _stop_hooks(
    steps: int | None, completed: Any
) -> tuple[SessionRunHook, ...]:
    if steps is None:
        return ()
    return (evaluation_steps.StopAfterStepsHook(steps, completed),)
