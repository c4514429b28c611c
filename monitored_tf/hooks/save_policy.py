"""What becomes of a save that failed."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable

import tensorflow as tf
from absl import logging

from monitored_tf import save_errors

_ON_NAN = ("raise", "skip", "rollback", None)
_ON_SAVE_ERROR = ("raise", "warn")
# How often it is rolled back before training must have come farther.
_MAX_ROLLBACKS = 3


@dataclasses.dataclass(frozen=True)
class Saving:
    """A save, with what belongs to it.

    Attributes:
      session: The raw session.
      saver: The CheckedSaver.
      folder: Folder of its checkpoints.
      path: Their path without the step.
      must_save: Whether it was asked for: its failure is an error.
      is_last: Whether no other save will come.
    """

    session: Any
    saver: Any
    folder: str
    path: str
    must_save: bool = False
    is_last: bool = False

    def last_checkpoint(self) -> str | None:
        """Returns the path of the last one; None if there is none."""
        # The saver has no list of those of which it keeps all.
        kept = self.saver.last_checkpoints
        path: str | None = (
            kept[-1] if kept else tf.train.latest_checkpoint(self.folder)
        )
        return path

    def roll_back(self, checkpoint: str) -> None:
        """Restores variables that outlive the session.

        Others are lost with it: the next session restores them. And it sees
        how far the lost one had come.

        Raises:
          NanWeightsError: if the checkpoint is no better.
        """
        self.saver.check(self.session, checkpoint, checkpoint)
        if getattr(self.session, "sess_str", b""):  # Where its master is.
            self.saver.restore(self.session, checkpoint)


class SavePolicy:
    """Decides whether training goes on after a save that failed.

    Args:
      on_nan: "raise", "skip", "rollback", or None for no check.
      on_save_error: "raise" or "warn".
      max_save_failures: How many saves in a row may fail before it is raised
        with "warn" too.

    Raises:
      ValueError: if an argument is none of these.

    Attributes:
      skipped_step: The last step that was not saved for its NaN.
    """

    def __init__(
        self, on_nan: str | None, on_save_error: str, max_save_failures: int
    ) -> None:
        _check_choice("on_nan", on_nan, _ON_NAN)
        _check_choice("on_save_error", on_save_error, _ON_SAVE_ERROR)
        if max_save_failures < 1:
            raise ValueError(
                "max_save_failures must be at least 1. Got "
                f"{max_save_failures}."
            )
        self.checks_weights = on_nan is not None
        self._on_nan = on_nan
        self._warns = on_save_error == "warn"
        self._limit = max_save_failures
        self.begin()

    def begin(self) -> None:
        """Forgets the saves of another training."""
        self._failures = self._rollbacks = 0
        self._highest_bad_step = 0
        self.skipped_step: int | None = None

    def saved(self, step: int) -> None:
        """Takes note of a save that succeeded."""
        self._failures = 0
        if step > self._highest_bad_step:
            self._rollbacks = 0

    def succeeds(
        self, action: Callable[[], None], step: int, save: Saving
    ) -> bool:
        """Returns whether it did; False if training is to go on all the same.

        Args:
          action: A part of the save.
          step: The global step.
          save: What is to be saved.

        Raises:
          NanWeightsError: if a weight is NaN or Inf.
          CheckpointSaveError: if the files can't be written.
        """
        try:
            action()
            return True
        except save_errors.NanWeightsError as error:
            self._nan(error, step, save)
        except save_errors.CheckpointSaveError as error:
            self._failed(error, save)
        except MemoryError as error:
            path = f"{save.path}-{step}"
            self._failed(save_errors.save_error(error, path, step), save)
        return False

    def _nan(
        self, error: save_errors.NanWeightsError, step: int, save: Saving
    ) -> None:
        """Raises an error, or returns if training is to go on."""
        if self._on_nan == "skip":
            self.skipped_step = step
            if save.must_save:
                raise error
            logging.warning("%s Training goes on.", error)
            return
        checkpoint = save.last_checkpoint()
        if (
            self._on_nan != "rollback"
            or checkpoint is None
            or self._rollbacks >= _MAX_ROLLBACKS
        ):
            raise error
        self._rollbacks += 1
        self._highest_bad_step = max(step, self._highest_bad_step)
        save.roll_back(checkpoint)
        raise save_errors.rolled_back(error, checkpoint) from error

    def _failed(
        self, error: save_errors.CheckpointSaveError, save: Saving
    ) -> None:
        """Raises the error, or returns if training is to go on."""
        self._failures += 1
        must_raise = save.must_save or save.is_last or not self._warns
        if must_raise or self._failures >= self._limit:
            raise error
        logging.warning(
            "%s Training goes on without this checkpoint. Failed in a row: %d; "
            "it is raised at %d.",
            error,
            self._failures,
            self._limit,
        )


def _check_choice(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    if value not in choices:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, choices))}. "
            f"Got {value!r}."
        )
