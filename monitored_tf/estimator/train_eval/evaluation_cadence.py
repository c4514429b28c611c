"""When an evaluation is due while a training goes on."""

from __future__ import annotations

import time


class EvaluationCadence:
    """When the next evaluation of a training is due.

    Attributes:
      last_step: Global step of the last evaluation; None before.

    Args:
      throttle_secs: Least seconds from the start of one to that of the next.
      every_n_steps: Steps from one to the next, instead; or None.
    """

    def __init__(
        self, throttle_secs: float, every_n_steps: int | None = None
    ) -> None:
        self.last_step: int | None = None
        self._throttle_secs = throttle_secs
        self._every_n_steps = every_n_steps
        self._counted_from: int | None = None
        self._last_began: float | None = None
        self._tried_step: int | None = None

    def start(self, step: int) -> None:
        """Takes note of where training begins."""
        self._counted_from = step

    def is_due(self, step: int) -> bool:
        """Returns whether to evaluate at this step, and now."""
        if step == self.last_step:
            return False
        if self._every_n_steps is not None:
            counted_from = self._counted_from
            return (
                counted_from is not None
                and step >= counted_from + self._every_n_steps
            )
        if self._last_began is None:
            return True
        return time.monotonic() - self._last_began >= self._throttle_secs

    def is_save_due(self, step: int) -> bool:
        """Returns whether to save this step because it is to be evaluated.

        Not for an evaluation by time, which takes what is saved anyway.
        """
        if self._every_n_steps is None or not self.is_due(step):
            return False
        tried_step = self._tried_step
        return tried_step is None or step >= tried_step + self._every_n_steps

    def tried(self, step: int) -> None:
        """Takes note that a save of this step begins.

        It may fail, or be skipped: `is_save_due` is true again after as many
        steps as between two evaluations, not at each step until then.
        """
        self._tried_step = step if self.is_due(step) else None

    def began(self, step: int) -> None:
        """Takes note that an evaluation begins."""
        self.last_step = self._counted_from = step
        self._last_began = time.monotonic()
