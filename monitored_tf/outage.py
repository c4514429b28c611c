"""Counts the failures of an outage against the limits of a policy."""

from __future__ import annotations

import dataclasses
import random

from monitored_tf.error_text import describe, without_logs
from monitored_tf.recovery import RecoveryPolicy


@dataclasses.dataclass(frozen=True)
class RecoveryAttempt:
    """One failure among those that end in giving up.

    Attributes:
      cause: The error.
      in_step: Whether a step failed; False where no session could be made.
      step: Global step when it failed; None if unknown.
      outage_secs: Seconds since the outage began, that is since the first
        failure after a step that succeeded.
    """

    cause: Exception
    in_step: bool
    step: int | None
    outage_secs: float

    def __str__(self) -> str:
        where = f"step {self.step}" if self.in_step else "making a session"
        return f"{self.outage_secs:.1f} s, {where}: {describe(self.cause)}"


class Outage:
    """Counts the failures of a session against the limits of a policy.

    Attributes:
      count: Failures since a step succeeded.
    """

    def __init__(self, policy: RecoveryPolicy) -> None:
        self._policy = policy
        self.count = 0
        self._without_progress = 0
        self._highest_step: int | None = None
        self._repeats = 0
        self._last_fault: tuple[type, str] | None = None
        self._last_fault_step: int | None = None
        self._step_succeeded = False

    def failed(
        self, attempt: RecoveryAttempt, start_step: int | None = None
    ) -> str | None:
        """Counts a failure.

        Args:
          attempt: The failure.
          start_step: Global step at which its session began; None if unknown.

        Returns:
          Why to give up; None to try again.
        """
        policy = self._policy
        if attempt.in_step:
            self._note_progress(attempt.step)
            self._note_fault(attempt, start_step)
        self.count += 1
        self._without_progress += 1
        self._step_succeeded = False
        most = policy.max_recoveries_without_progress
        if most is not None and self._without_progress > most:
            return f"{most} recoveries brought no progress"
        if policy.max_repeats is not None and (
            self._repeats >= policy.max_repeats
        ):
            return f"the same error came {self._repeats} times at one step"
        longest = policy.max_recovery_secs
        if longest is not None and attempt.outage_secs >= longest:
            return f"the outage took more than {longest:g} s"
        return None

    def pause_secs(self) -> float:
        """Returns the pause before the next attempt, in seconds."""
        return self._policy.pause_secs(self.count, random.random())

    def step_succeeded(self) -> None:
        """Ends the outage."""
        self.count = 0
        self._step_succeeded = True

    def _note_progress(self, step: int | None) -> None:
        highest = self._highest_step
        if step is None:
            is_progress = self._step_succeeded
        else:
            is_progress = highest is None or step > highest
        if is_progress:
            self._without_progress = 0
            self._highest_step = highest if step is None else step

    def _note_fault(
        self, attempt: RecoveryAttempt, start_step: int | None
    ) -> None:
        step = attempt.step
        fault = (type(attempt.cause), without_logs(attempt.cause))
        # Steps that succeeded and lead here again show nothing: they repeat
        # what was lost. Where steps move nothing, each one stands for itself.
        led_here_again = (
            step is not None
            and start_step is not None
            and start_step < step == self._last_fault_step
        )
        is_repeated = fault == self._last_fault and (
            led_here_again or not self._step_succeeded
        )
        self._repeats = self._repeats + 1 if is_repeated else 1
        self._last_fault, self._last_fault_step = fault, step
