"""Which of two cadences holds: every so many steps or seconds. Pure."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import tensorflow as tf

# "Not given", which is not None: None turns a cadence off. TensorFlow's own
# object, so that code that passes it on gets the same.
USE_DEFAULT: Any = (
    inspect.signature(tf.compat.v1.train.MonitoredTrainingSession)
    .parameters["save_checkpoint_secs"]
    .default
)


@dataclasses.dataclass(frozen=True)
class SaveCadence:
    """How often something is saved.

    Attributes:
      every_n_steps: Global steps between saves; None for not by steps.
      every_n_secs: Seconds between saves; None for not by time.
    """

    every_n_steps: int | None
    every_n_secs: float | None

    @classmethod
    def resolve(
        cls, steps: Any, secs: Any, default: SaveCadence
    ) -> SaveCadence:
        """Returns what two arguments of MonitoredTrainingSession mean.

        Where both are given the seconds hold, as TensorFlow documents it.
        None, zero and less turn a cadence off.

        Args:
          steps: Number, None, or USE_DEFAULT where it was not given.
          secs: The same.
          default: What holds if neither was given.
        """
        if steps is USE_DEFAULT and secs is USE_DEFAULT:
            return default
        every_n_secs = _positive(secs)
        every_n_steps = None if every_n_secs else _positive(steps)
        return cls(every_n_steps, every_n_secs)

    @property
    def is_on(self) -> bool:
        """Whether anything is saved at all."""
        return self != SaveCadence(None, None)


def _positive(every: Any) -> Any:
    if every is USE_DEFAULT or every is None or every <= 0:
        return None
    return every
