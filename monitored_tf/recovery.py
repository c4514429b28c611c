"""When a lost session is replaced, how long to pause, when to give up."""

from __future__ import annotations

import dataclasses
import random
from typing import Callable

import tensorflow as tf

# What TensorFlow calls a preemption: a task of the cluster went away.
PREEMPTION_ERRORS: tuple[type[Exception], ...] = (
    tf.errors.AbortedError,
    tf.errors.UnavailableError,
)


@dataclasses.dataclass(frozen=True)
class RecoveryEvent:
    """One session that was lost and replaced.

    Attributes:
      cause: The error that lost it, without its traceback: that stands in the
        log, at level INFO.
      attempt: 1 for the first recovery since a step succeeded, then 2 ...
      pause_secs: Seconds paused before the attempt.
      recovery_secs: Seconds from the loss to the new session, pause included.
      generation: Sessions made so far, the new one included.
    """

    cause: Exception
    attempt: int
    pause_secs: float
    recovery_secs: float
    generation: int

    def __str__(self) -> str:
        return (
            f"session {self.generation} made {self.recovery_secs:.2f} s after "
            f"{describe(self.cause)} (attempt {self.attempt})"
        )


@dataclasses.dataclass(frozen=True)
class RecoveryPolicy:
    """Says which errors lose a session and how it is replaced.

    >>> RecoveryPolicy(max_attempts=10).pause_secs(attempt=1, jitter=0)
    0.1
    >>> RecoveryPolicy().pause_secs(attempt=9, jitter=1)
    0.4

    Attributes:
      errors: Exception types recovered from; `TypeError` is raised for
        anything that is no exception type.
      initial_pause_secs: Seconds paused before the first attempt.
      max_pause_secs: The pause doubles with each attempt up to this.
      jitter: Part of the pause, 0 to 1, by which it is shortened at random, so
        that the tasks of a cluster do not come back in step.
      max_attempts: Recoveries without a successful step after which the error
        is raised; None for no limit.
      max_repeats: Times that a step may fail with the same error, message
        included, before it counts as a fault of the program and is raised;
        None for no limit. Failures to make a session are not counted: a
        cluster that is away for long is waited for.
      on_recovery: Called with a `RecoveryEvent` after each recovery.
    """

    errors: tuple[type[Exception], ...] = PREEMPTION_ERRORS
    initial_pause_secs: float = 0.1
    max_pause_secs: float = 0.5
    jitter: float = 0.2
    max_attempts: int | None = None
    max_repeats: int | None = 3
    on_recovery: Callable[[RecoveryEvent], None] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.errors, (tuple, list)) or not all(
            isinstance(error, type) and issubclass(error, Exception)
            for error in self.errors
        ):
            raise TypeError(
                "RecoveryPolicy.errors must be a tuple of exception types. "
                f"Got {self.errors!r}."
            )
        # An except clause takes no list.
        object.__setattr__(self, "errors", tuple(self.errors))
        if not 0 <= self.initial_pause_secs <= self.max_pause_secs:
            raise ValueError(
                "RecoveryPolicy needs 0 <= initial_pause_secs <= "
                f"max_pause_secs. Got {self.initial_pause_secs} and "
                f"{self.max_pause_secs}."
            )
        if not 0 <= self.jitter <= 1:
            raise ValueError(
                f"RecoveryPolicy.jitter must be 0 to 1. Got {self.jitter}."
            )
        for name in ("max_attempts", "max_repeats"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise ValueError(
                    f"RecoveryPolicy.{name} must be at least 1, or None for no "
                    f"limit. Got {limit}. RecoveryPolicy.none() never recovers."
                )

    @classmethod
    def none(cls) -> RecoveryPolicy:
        """Never recovers, as SingularMonitoredSession."""
        return cls(errors=())

    @classmethod
    def tf(cls) -> RecoveryPolicy:
        """Recovers at once and for ever, as `tf.compat.v1.train` does."""
        return cls(initial_pause_secs=0, max_pause_secs=0, max_repeats=None)

    def pause_secs(self, attempt: int, jitter: float) -> float:
        """Returns the pause before an attempt, in seconds.

        Args:
          attempt: 1, 2 ...
          jitter: How much of the policy's jitter it is shortened by, 0 to 1.
        """
        # 2**30 is past every cap; it keeps a long outage from overflowing.
        doubled = self.initial_pause_secs * 2 ** min(attempt - 1, 30)
        longest = min(doubled, self.max_pause_secs)
        return float(longest * (1 - self.jitter * jitter))


class Attempts:
    """Counts the recoveries since the last step that succeeded."""

    def __init__(self, policy: RecoveryPolicy) -> None:
        self._policy = policy
        self.count = 0
        self._repeats = 0
        self._last_fault: tuple[type, str] | None = None

    def next_pause_secs(self, error: Exception, in_step: bool) -> float | None:
        """Counts a failure; returns the pause in seconds, None to give up.

        Args:
          error: What was raised.
          in_step: False where no session could be made.
        """
        self.count += 1
        if in_step:
            fault = (type(error), str(error))
            self._repeats = (
                self._repeats + 1 if fault == self._last_fault else 1
            )
            self._last_fault = fault
        if self._is_over(self._policy.max_attempts, self.count - 1):
            return None
        if self._is_over(self._policy.max_repeats, self._repeats):
            return None
        return self._policy.pause_secs(self.count, random.random())

    def step_succeeded(self) -> None:
        """Forgets what was counted."""
        self.count = self._repeats = 0
        self._last_fault = None

    @staticmethod
    def _is_over(limit: int | None, count: int) -> bool:
        return limit is not None and count >= limit


def describe(error: BaseException) -> str:
    """Returns the type of an error and the line of its text that tells most.

    TensorFlow puts the place in the graph before what happened.
    """
    lines = [line for line in str(error).splitlines() if line.strip()]
    if lines[:1] == ["Graph execution error:"]:
        lines = _without_place(lines[1:])
    return ": ".join([type(error).__name__, *lines[:1]])


def _without_place(lines: list[str]) -> list[str]:
    for number, line in enumerate(lines):
        if line.startswith("Node: "):
            return lines[number + 1 :]
        if line.startswith("From /job:"):
            return [" ".join(lines[number : number + 2])]
    return lines
