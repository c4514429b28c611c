"""When the evaluations so far say that training should end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping

from absl import logging

Values = Iterable[tuple[int, float]]
IsBetter = Callable[[float, float], bool]


@dataclasses.dataclass(frozen=True)
class MetricHistory:
    """One metric in the evaluations so far.

    Attributes:
      name: Of the metric.
      min_steps: The first global step that counts.
      read: Returns the metrics by name, of each global step, in order.
    """

    name: str
    min_steps: int
    read: Callable[[], Mapping[int, Mapping[str, float]]]

    def values(self) -> Iterator[tuple[int, float]]:
        """Reads again, and yields the value at each step that counts.

        Raises:
          KeyError: if an evaluation that counts has no such metric.
        """
        for step, metrics in self.read().items():
            if step < self.min_steps:
                continue
            if self.name not in metrics:
                raise KeyError(
                    f"The evaluation of step {step} has no metric "
                    f"{self.name!r}. It has {', '.join(sorted(metrics))}."
                )
            yield step, metrics[self.name]


def beyond(
    metric: MetricHistory, threshold: float, is_better: IsBetter
) -> Callable[[], bool]:
    """Returns a function that tells whether a metric has passed a threshold.

    Args:
      metric: The metric.
      threshold: The number.
      is_better: Whether its first argument is better than its second.
    """

    def should_stop() -> bool:
        found = crossing(metric.values(), threshold, is_better)
        if found is None:
            return False
        logging.info(
            "Early stopping: at step %d, metric %r was %s, past %s.",
            found[0],
            metric.name,
            found[1],
            threshold,
        )
        return True

    return should_stop


def no_better(
    metric: MetricHistory, is_better: IsBetter, **limits: int | None
) -> Callable[[], bool]:
    """Returns a function that tells whether a metric stands still too long.

    Args:
      metric: The metric.
      is_better: Whether its first argument is better than its second.
      **limits: Two, as those of `standstill`, by the names that the user
        knows.

    Raises:
      ValueError: if both are None, or one of the evaluations is not positive.
    """
    (steps_name, max_steps), (evals_name, max_evals) = limits.items()
    if max_steps is None and max_evals is None:
        raise ValueError(
            f"Nothing would stop training: give {steps_name} or {evals_name}."
        )
    if max_evals is not None and max_evals < 1:
        raise ValueError(f"{evals_name} must be at least 1. Got {max_evals}.")

    def should_stop() -> bool:
        found = standstill(metric.values(), max_steps, max_evals, is_better)
        if found is None:
            return False
        logging.info(
            "Early stopping: metric %r was no better for %d steps and %d "
            "evaluations.",
            metric.name,
            *found,
        )
        return True

    return should_stop


def crossing(
    values: Values, threshold: float, is_better: IsBetter
) -> tuple[int, float] | None:
    """Returns the first step and value past a threshold; None without one.

    Args:
      values: Those of the metric, with their steps.
      threshold: What must be passed.
      is_better: Whether its first argument is better than its second.
    """
    for step, value in values:
        if is_better(value, threshold):
            return step, value
    return None


def standstill(
    values: Values,
    max_steps: int | None,
    max_evals: int | None,
    is_better: IsBetter,
) -> tuple[int, int] | None:
    """Returns for how long a metric was no better, where that is too long.

    >>> from operator import gt
    >>> standstill([(10, 0.5), (20, 0.7), (30, 0.6)], 10, None, gt)
    (10, 1)

    Args:
      values: Those of the metric, with their steps.
      max_steps: Steps after the best value that are too many; None for no
        limit.
      max_evals: Evaluations after the best one that are too many; the same.
      is_better: Whether its first argument is better than its second.

    Returns:
      Steps and evaluations since the best value, when the first of the limits
      was reached; None if none was.
    """
    best_step, best, evals = 0, None, 0
    for step, value in values:
        evals += 1
        if best is None or is_better(value, best):
            best_step, best, evals = step, value, 0
        steps = step - best_step
        if _reached(steps, max_steps) or _reached(evals, max_evals):
            return steps, evals
    return None


def _reached(count: int, limit: int | None) -> bool:
    return limit is not None and count >= limit
