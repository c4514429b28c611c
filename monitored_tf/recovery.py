"""When a lost session is replaced, how long to pause, when to give up."""

from __future__ import annotations

import dataclasses
from typing import Callable

import tensorflow as tf

from monitored_tf import errors
from monitored_tf.error_text import describe, peer_of

# What TensorFlow calls a preemption: a task of the cluster went away.
PREEMPTION_ERRORS: tuple[type[Exception], ...] = (
    tf.errors.AbortedError,
    tf.errors.UnavailableError,
)


class SessionTimeoutError(
    errors.MonitoredTFError,
    tf.errors.DeadlineExceededError,  # type: ignore[misc]
):
    """Making a session took too long, because a task does not answer.

    Args:
      message: What took how long.
      awaited: What was waited for, or "".
    """

    def __init__(self, message: str, awaited: str = "") -> None:
        text = f"{message}: {awaited}." if awaited else f"{message}."
        tf.errors.DeadlineExceededError.__init__(self, None, None, text)


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
      step_before: Global step when the session was lost; None if unknown. In
        a cluster it may be the last one seen.
      step_after: Global step of the new session; None if there is none.
      state: Where the variables of the new session come from: "restored" (a
        checkpoint), "adopted" (still alive in the cluster), "initialized"
        (from scratch), "" if the session creator does not tell.
      checkpoint: Path of the checkpoint, for "restored".
    """

    cause: Exception
    attempt: int
    pause_secs: float
    recovery_secs: float
    generation: int
    step_before: int | None = None
    step_after: int | None = None
    state: str = ""
    checkpoint: str | None = None

    @property
    def steps_lost(self) -> int | None:
        """Steps to be run again; None if either step is unknown."""
        if self.step_before is None or self.step_after is None:
            return None
        return max(0, self.step_before - self.step_after)

    @property
    def peer(self) -> str:
        """The task that the cause names, as "/job:ps/task:0"; "" if none."""
        return peer_of(self.cause)

    def __str__(self) -> str:
        parts = [
            f"session {self.generation} made {self.recovery_secs:.2f} s after "
            f"{describe(self.cause)} (attempt {self.attempt})"
        ]
        if self.step_after is not None:
            parts.append(f"at step {self.step_after}")
        if self.steps_lost is not None:
            parts.append(f"{self.steps_lost} steps lost")
        if self.state:
            parts.append(_STATES[self.state].format(self.checkpoint))
        return ", ".join(parts)


_STATES = {
    "restored": "restored from {}",
    "adopted": "variables as they live in the cluster",
    "initialized": "FROM SCRATCH: there was no checkpoint to restore",
}


@dataclasses.dataclass(frozen=True)
class RecoveryPolicy:
    """Says which errors lose a session and how it is replaced.

    >>> policy = RecoveryPolicy(max_recovery_secs=600)
    >>> policy.pause_secs(attempt=1, jitter=0)
    0.1
    >>> policy.pause_secs(attempt=9, jitter=1)
    0.4

    Where a limit is reached, `RecoveryGaveUp` is raised from the last error.

    Attributes:
      errors: Exception types recovered from; `TypeError` is raised for
        anything that is no exception type. A step that took longer than
        `step_timeout_secs`, and a session whose making took too long, are
        recovered from too, unless this is empty.
      initial_pause_secs: Seconds paused before the first attempt.
      max_pause_secs: The pause doubles with each attempt up to this.
      jitter: Part of the pause, 0 to 1, by which it is shortened at random, so
        that the tasks of a cluster do not come back in step.
      max_recoveries_without_progress: Attempts after which it is given up;
        None for no limit. Counted anew once the global step was above its
        highest so far; where there is none, once a step succeeded.
      max_recovery_secs: Seconds that one outage may take, from its first
        failure to a step that succeeds; None for no limit.
      max_repeats: Times that the same error, message included, may come at the
        same global step before it counts as a fault of the program and is
        given up; None for no limit. Failures to make a session are not
        counted: a cluster that is away for long is waited for.
      step_timeout_secs: Seconds that the raw run of a step may take, for a
        task that hangs; None for no limit. A `timeout_in_ms` that the caller
        or a hook gives in `RunOptions` goes first.
      hook_run_timeout_secs: Where there is a `step_timeout_secs`, seconds that
        a run may take that a hook makes itself in a session of a cluster, to
        save for instance, or that is a part of making the session; not where
        the graph has queue runners, which wait for as long as a queue is full.
        An `operation_timeout_in_ms` of the session's config goes first.
      keeps_live_state: Whether variables that live on in a cluster are kept
        where they are newer than the checkpoint, and a step whose run
        succeeded before a hook failed is not run again on them. If False they
        are restored and the step is run again, as in TensorFlow.
      on_recovery: Called with a `RecoveryEvent` after each recovery.
    """

    errors: tuple[type[Exception], ...] = PREEMPTION_ERRORS
    initial_pause_secs: float = 0.1
    max_pause_secs: float = 0.5
    jitter: float = 0.2
    max_recoveries_without_progress: int | None = None
    max_recovery_secs: float | None = None
    max_repeats: int | None = 3
    step_timeout_secs: float | None = None
    hook_run_timeout_secs: float = 600.0
    keeps_live_state: bool = True
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
        for name in ("max_recoveries_without_progress", "max_repeats"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise ValueError(
                    f"RecoveryPolicy.{name} must be at least 1, or None for no "
                    f"limit. Got {limit}. RecoveryPolicy.none() never recovers."
                )
        for name in ("max_recovery_secs", "step_timeout_secs"):
            limit = getattr(self, name)
            if limit is not None:
                _check_secs(name, limit, ", or None for no limit")
        _check_secs("hook_run_timeout_secs", self.hook_run_timeout_secs)

    @classmethod
    def none(cls) -> RecoveryPolicy:
        """Never recovers, as SingularMonitoredSession."""
        return cls(errors=())

    @classmethod
    def tf(cls) -> RecoveryPolicy:
        """Recovers at once and for ever, as `tf.compat.v1.train` does."""
        return cls(
            initial_pause_secs=0,
            max_pause_secs=0,
            max_repeats=None,
            keeps_live_state=False,
        )

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


def _check_secs(name: str, secs: float, otherwise: str = "") -> None:
    if not secs > 0:
        raise ValueError(
            f"RecoveryPolicy.{name} must be more than 0 seconds{otherwise}. "
            f"Got {secs}."
        )
