"""What `train_and_evaluate` evaluates with, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from monitored_tf.estimator.train_eval import run_spec_checks
from monitored_tf.estimator.train_eval.exporters import Exporter
from monitored_tf.estimator.train_eval.run_spec_checks import shown


class _Fields(NamedTuple):
    input_fn: Callable[..., Any]
    steps: int | None
    name: str | None
    hooks: tuple[Any, ...]
    exporters: tuple[Exporter, ...]
    start_delay_secs: float
    throttle_secs: float
    every_n_steps: int | None
    keep_warm: bool


class EvalSpec(_Fields):
    """What `train_and_evaluate` evaluates with, and when, checked.

    >>> EvalSpec(lambda: None).steps
    100

    Args:
      input_fn: As for `Estimator.evaluate`.
      steps: Batches of an evaluation; None until the input ends.
      name: Of the evaluation, as for `Estimator.evaluate`.
      hooks: `SessionRunHook`s of each evaluation.
      exporters: `Exporter`s that are called after each evaluation, or one.
      start_delay_secs: Seconds that an evaluator in a cluster waits before it
        looks for a checkpoint.
      throttle_secs: Least seconds from the start of an evaluation to that of
        the next one.
      every_n_steps: Evaluates whenever so many steps were made, instead of by
        the time that has gone by; a checkpoint is saved for it if none is. An
        evaluator in a cluster, which saves none, takes the first one that is
        so many steps on, and `throttle_secs` holds too.
      keep_warm: Whether the graph of the evaluation is made once and kept, with
        the same results: `input_fn` and the model function are then called
        once for all evaluations. Where that can't be, each is made anew.

    Raises:
      ValueError: if a number is out of its range, or two exporters have the
        same name or one has none.
      TypeError: if something is of the wrong type.
    """

    __slots__ = ()

    def __new__(
        cls,
        input_fn: Callable[..., Any],
        steps: int | None = 100,
        name: str | None = None,
        hooks: Iterable[Any] | None = None,
        exporters: Iterable[Exporter] | Exporter | None = None,
        start_delay_secs: float = 120,
        throttle_secs: float = 600,
        *,
        every_n_steps: int | None = None,
        keep_warm: bool = False,
    ) -> EvalSpec:
        """Checks the arguments, in the order in which tf.estimator does."""
        run_spec_checks.check_input_fn(input_fn)
        run_spec_checks.check_positive(steps, "steps")
        if not isinstance(name, (str, type(None))):
            raise TypeError(f"`name` must be string. Got {shown(name)}.")
        hooks = run_spec_checks.checked_hooks(hooks)
        exporters = _checked_exporters(exporters)
        run_spec_checks.check_secs(start_delay_secs, "start_delay_secs")
        run_spec_checks.check_secs(throttle_secs, "throttle_secs")
        run_spec_checks.check_positive(every_n_steps, "every_n_steps")
        return super().__new__(
            cls,
            input_fn,
            steps,
            name,
            hooks,
            exporters,
            start_delay_secs,
            throttle_secs,
            every_n_steps,
            keep_warm,
        )

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Tells copy and pickle how to make it: two arguments go by name."""
        return tuple(self[:-2]), {
            "every_n_steps": self.every_n_steps,
            "keep_warm": self.keep_warm,
        }


def _checked_exporters(given: Any) -> tuple[Exporter, ...]:
    exporters = (given,) if isinstance(given, Exporter) else given or ()
    try:
        exporters = tuple(exporters)
    except TypeError as error:
        raise _wrong_exporters(given) from error
    for exporter in exporters:
        if not isinstance(exporter, Exporter):
            raise _wrong_exporters(given)
    check_exporter_names(exporters)
    return exporters


def check_exporter_names(exporters: Sequence[Exporter]) -> None:
    """Checks that each exporter has a name, and a folder, of its own.

    Raises:
      ValueError: if one has none, or two have the same.
    """
    names = [exporter.name for exporter in exporters]
    for name in names:
        if not name:
            raise ValueError(
                "An Exporter cannot have a name that is `None` or empty: it is "
                f"that of the folder of its exports. The names: {names}."
            )
        if not isinstance(name, str):
            raise ValueError(
                f"An Exporter must have a string name. Got {shown(name)}."
            )
    if len({*names}) < len(names):
        raise ValueError(
            "`exporters` must have unique names. Each is that of a folder of "
            f"exports. Got {names}."
        )


def _wrong_exporters(given: Any) -> TypeError:
    return TypeError(
        "`exporters` must be an Exporter, an iterable of Exporter, or None. "
        f"Got {shown(given)}."
    )
