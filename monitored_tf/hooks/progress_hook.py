"""Shows how far training is, how fast, and how long it will take."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

import tensorflow as tf

from monitored_tf.session_run_hook import SessionRunHook


class ProgressHook(SessionRunHook):
    """Prints a line with the step, steps per second and the time left.

    On a terminal the line is written over itself.

    Args:
      last_step: Global step at which training ends; None if that is not known,
        and the time left with it.
      every_n_secs: Seconds between two lines.
      stream: Where to print; standard output if None.

    Raises:
      ValueError: if `every_n_secs` is negative.
      RuntimeError: from `begin()`, if the graph has no global step.
    """

    def __init__(
        self,
        last_step: int | None = None,
        every_n_secs: float = 1.0,
        stream: TextIO | None = None,
    ) -> None:
        if every_n_secs < 0:
            raise ValueError(
                f"every_n_secs must not be negative. Got {every_n_secs}."
            )
        self._last_step = last_step
        self._every_n_secs = every_n_secs
        self._stream = stream or sys.stdout
        self._global_step: Any = None
        # The step and the time of the last line, or of the session's start.
        self._shown = (0, 0.0)

    def begin(self) -> None:
        """Looks up the global step."""
        self._global_step = tf.compat.v1.train.get_global_step()
        if self._global_step is None:
            raise RuntimeError(
                "ProgressHook needs a global step. Make one before the "
                "session: tf.compat.v1.train.get_or_create_global_step()."
            )

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Starts counting from the step that was restored."""
        self._shown = int(session.run(self._global_step)), time.monotonic()

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Prints the line if it is due."""
        if time.monotonic() - self._shown[1] >= self._every_n_secs:
            # Read now: a value fetched with the step may be from before it.
            step = int(run_context.session.run(self._global_step))
            self._show(step)

    def end(self, session: Any) -> None:
        """Prints the last line, if there were steps since the one before."""
        self._show(int(session.run(self._global_step)))
        if self._stream.isatty():
            self._stream.write("\n")

    def _show(self, step: int) -> None:
        now = time.monotonic()
        shown_step, shown_at = self._shown
        self._shown = step, now
        if step == shown_step:
            return
        rate = (step - shown_step) / max(now - shown_at, 1e-9)
        line = progress_line(step, self._last_step, rate)
        terminal = self._stream.isatty()
        self._stream.write(f"\r{line}\033[K" if terminal else f"{line}\n")
        self._stream.flush()


def progress_line(step: int, last_step: int | None, rate: float) -> str:
    """Returns the line, without its end.

    >>> progress_line(500, 2000, 250.0)
    'step 500 of 2000 (25%), 250.0 steps/s, 0:06 left'

    Args:
      step: The global step.
      last_step: The one at which training ends, or None.
      rate: Steps per second.
    """
    if last_step is None:
        return f"step {step}, {rate:.1f} steps/s"
    line = f"step {step} of {last_step} ({step / max(last_step, 1):.0%})"
    if step >= last_step or rate <= 0:
        return f"{line}, {rate:.1f} steps/s"
    return (
        f"{line}, {rate:.1f} steps/s, {_clock((last_step - step) / rate)} left"
    )


def _clock(secs: float) -> str:
    minutes, seconds = divmod(round(secs), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"
