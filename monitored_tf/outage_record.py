"""What is remembered and logged of an outage."""

from __future__ import annotations

import collections
import time

from absl import logging

from monitored_tf import failures
from monitored_tf.outage import RecoveryAttempt
from monitored_tf.recovery import RecoveryEvent
from monitored_tf.session_creators import StateOrigin

# Of a long outage only the latest failures are kept, for what ends it.
_KEPT_ATTEMPTS = 10
# An attempt that has less fails for that, which hides why the others failed.
_LEAST_CREATION_SECS = 1.0
_SECS_BETWEEN_LINES = 1.0


class OutageRecord:
    """The failures since a step succeeded, and when the first one was.

    Attributes:
      attempts: The latest failures.
    """

    def __init__(self) -> None:
        self.attempts: collections.deque[RecoveryAttempt] = collections.deque(
            maxlen=_KEPT_ATTEMPTS
        )
        self._began: float | None = None
        self._next_line = 0.0

    @property
    def is_open(self) -> bool:
        """Whether there is an outage."""
        return self._began is not None

    def begin(self) -> float:
        """Returns when the outage began, as `time.monotonic()`: now if new."""
        if self._began is None:
            self._began = time.monotonic()
        return self._began

    def end(self) -> None:
        """Forgets all: a step succeeded."""
        self.attempts.clear()
        self._began = None

    def secs(self) -> float:
        """Returns how long the outage has taken, in seconds."""
        began = self.begin()
        return time.monotonic() - began

    def secs_left(self, longest_secs: float | None) -> float | None:
        """Returns the seconds that making a session may take.

        Args:
          longest_secs: What the outage may take; None for no limit.
        """
        if longest_secs is None:
            return None
        return max(_LEAST_CREATION_SECS, longest_secs - self.secs())

    def chain(self, error: Exception) -> None:
        """Makes the earlier errors of this outage reachable from the last."""
        for attempt in self.attempts:
            failures.drop_twin(attempt.cause)
            failures.add_context(error, attempt.cause)

    def log(self, attempt: RecoveryAttempt, count: int) -> None:
        """Logs a failure, in a long outage no more than one line a second.

        A step's failure is told by the recovery that follows.

        Args:
          attempt: The failure.
          count: How many there were so far.
        """
        now = time.monotonic()
        is_due = not attempt.in_step and now >= self._next_line
        if is_due:
            self._next_line = now + _SECS_BETWEEN_LINES
        logging.log(
            logging.WARNING if is_due else logging.INFO,
            "No session yet after %d attempts, %s",
            count,
            attempt,
        )
        logging.info("Where it was lost:", exc_info=attempt.cause)


class Loss:
    """What a `RecoveryEvent` tells, gathered from the loss on.

    Args:
      first: The first failure.
      failed_at: Its `time.monotonic()`.
    """

    def __init__(self, first: RecoveryAttempt, failed_at: float) -> None:
        self.first = first
        self._began = failed_at
        self._attempt = 0
        self._pause_secs = 0.0

    def failed_again(self, attempt: int, pause_secs: float) -> None:
        """Takes note of a failure, the first one included."""
        self._attempt = attempt
        self._pause_secs = pause_secs

    def event(
        self, generation: int, step_after: int | None, origin: StateOrigin
    ) -> RecoveryEvent:
        """Returns the event of the session that replaces the lost one."""
        return RecoveryEvent(
            cause=self.first.cause,
            attempt=self._attempt,
            pause_secs=self._pause_secs,
            recovery_secs=time.monotonic() - self._began,
            generation=generation,
            step_before=self.first.step,
            step_after=step_after,
            state=origin.state,
            checkpoint=origin.checkpoint,
        )
