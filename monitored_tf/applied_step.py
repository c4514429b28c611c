"""A step that took effect although one of its hooks lost the session."""

from __future__ import annotations

import dataclasses
from typing import Any

from monitored_tf.session_creators import StateOrigin

# Times of files are behind the clock by up to this.
_FILE_TIME_SECS = 0.01


@dataclasses.dataclass(frozen=True)
class AppliedStep:
    """A step whose run succeeded before one of its hooks lost the session.

    Attributes:
      result: What the run returned.
      step: The global step after it; None if unknown.
      began: `time.time()` before it.
    """

    result: Any
    step: int | None
    began: float

    def is_held_by(self, origin: StateOrigin, start_step: int | None) -> bool:
        """Returns whether the variables of a new session hold this step.

        Args:
          origin: Where they come from.
          start_step: The global step at which it begins; None if unknown.
        """
        if origin.state == "adopted":
            return True
        if self.step is None or start_step is None:
            return False
        # The global step alone does not tell: not every run moves it.
        return (
            start_step >= self.step
            and origin.saved_at is not None
            and origin.saved_at >= self.began - _FILE_TIME_SECS
        )
