"""What a PreemptionHook has seen of its session."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

import tensorflow as tf

from monitored_tf import errors

# Of a run that is expected to end. Kubernetes and Slurm kill a process 30 s
# after their signal if not told otherwise: half of that is left for the save.
LONGEST_RUN_SECS = 15.0

# With these there is no session that could be saved.
_LOST = (
    tf.errors.AbortedError,
    tf.errors.UnavailableError,
    errors.RecoveryGaveUp,
    errors.PeerLostError,
)
_NanLoss = tf.compat.v1.train.NanLossDuringTrainingError


class WatchedSession:
    """What a hook has seen of its session, for the thread that ends it.

    Args:
      clock: Returns seconds, as `time.monotonic` does.

    Attributes:
      is_leaving: Whether its user has left the steps, and closes it.
      is_gone: Set when it is closed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_leaving = False
        self.is_gone = threading.Event()
        self._clock = clock
        self._live: tuple[Any, Any] | None = None
        # The step under way: its context, and when it began.
        self._step: tuple[Any, float] | None = None
        self._has_run = False
        self._run_secs = 0.0

    @property
    def live(self) -> tuple[Any, Any] | None:
        """The raw session and its coordinator, once they are there."""
        return self._live

    def open(self) -> tuple[Any, Any] | None:
        """Returns `live` unless that one was closed, or lost in a recovery."""
        live = self._live
        return None if live is None or live[1].joined else live

    def begins(self, session: Any, coord: Any) -> None:
        """Takes note of a raw session and its coordinator."""
        self._live = session, coord
        self._step = None
        self._has_run = False

    def step_begins(self, run_context: Any) -> None:
        """Takes note of a step; to be told by the hook that is asked last."""
        self.is_leaving = False
        self._step = run_context, self._clock()

    def step_ends(self) -> None:
        """Takes note that the hooks before have seen its end."""
        step, self._step = self._step, None
        if step is None:
            return
        # The first one of a session may have been compiled.
        if self._has_run:
            run_context, began = step
            self._run_secs = (_run_ended(run_context) or self._clock()) - began
        self._has_run = True

    def is_in_run(self) -> bool:
        """Returns whether variables may hold one half of a step now.

        TensorFlow's sessions do not tell that a run has ended whose hooks are
        at work yet: that one counts too.
        """
        step = self._step
        return step is not None and _run_ended(step[0]) is None

    def obstacle(self, session: Any, error: BaseException) -> str:
        """Returns why what a session holds is not to be saved, or "".

        Args:
          session: The raw session; None if there is none.
          error: What its loop ends with.
        """
        if session is None or isinstance(error, _LOST):
            return "the session is lost"
        if isinstance(error, _NanLoss):
            return "the loss is NaN, and the weights may be"
        if self.is_in_run():
            return "the step may have changed one half of the variables"
        return ""

    def grace_secs(self, least_secs: float) -> float:
        """Returns how long the end of a step is worth waiting for, in seconds.

        Args:
          least_secs: For any step, and for what comes between steps: nothing
            tells when that ends.
        """
        if not self.is_in_run():
            return least_secs
        return max(least_secs, min(2 * self._run_secs, LONGEST_RUN_SECS))


def _run_ended(run_context: Any) -> float | None:
    """Returns when a run succeeded; None if it has not, or nothing tells."""
    ended = getattr(run_context, "run_ended", None)
    return ended if isinstance(ended, float) else None
