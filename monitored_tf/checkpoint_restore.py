"""Restores the newest checkpoint that is whole and fits the graph."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Callable

import tensorflow as tf
from absl import logging

from monitored_tf import (
    checkpoint_errors,
    checkpoint_files,
    checkpoint_tensors,
    input_position,
    partial_restore,
)
from monitored_tf.checkpoint_files import Candidates

_Saver = tf.compat.v1.train.Saver
_VERIFY = ("files", "full")


@dataclasses.dataclass(frozen=True)
class RestoreRules:
    """How checkpoints are restored.

    Attributes:
      verify: What is looked at before a checkpoint is restored: "files" for
        its index and the lengths of its files; "full" to read it all and
        compare checksums, as is done anyway once another file was damaged.
      restore: "strict" for all that the saver knows, which the checkpoint must
        hold with the same shapes and dtypes. "available" for what it holds
        with the same shape and dtype. Else a regular expression that matches
        the beginning of the names to restore. What is left out is initialized.
      allow_fresh_start: Whether to begin from scratch where there are
        checkpoints but none is whole.
    """

    verify: str = "files"
    restore: str = partial_restore.STRICT
    allow_fresh_start: bool = False

    def __post_init__(self) -> None:
        if self.verify not in _VERIFY:
            raise ValueError(
                f"verify must be 'files' or 'full'. Got {self.verify!r}."
            )
        try:
            re.compile(self.restore)
        except (re.error, TypeError) as error:
            raise ValueError(
                "restore must be 'strict', 'available' or a regular "
                f"expression. Got {self.restore!r}: {error}."
            ) from error


class CheckpointRestore:
    """Finds the newest whole checkpoint and restores it.

    It stands where a `SessionManager` takes a saver.

    Args:
      saver: `tf.compat.v1.train.Saver`, or what has a `restore()` like its.
      candidates: Checkpoints, from the newest to the oldest.
      rules: How to restore.
      initialize: Given a session, initializes what is not restored.

    Attributes:
      path: The checkpoint that is or was restored; None for none.
    """

    def __init__(
        self,
        saver: Any,
        candidates: Candidates,
        rules: RestoreRules,
        initialize: Callable[[Any], None],
    ) -> None:
        self.path: str | None = None
        self._saver = saver
        self._all = candidates.paths
        self._left = list(candidates.paths)
        self._rules = rules
        self._initialize = initialize
        self._passed_over: list[str] = []
        problem = candidates.state_file_problem
        # What damaged one file makes the others suspect.
        self._reads_all = rules.verify == "full" or bool(problem)
        if problem and self._left:
            logging.warning(
                "%s: looking for checkpoints in its folder instead.", problem
            )
        self._find()

    def _find(self) -> None:
        """Sets the path to the newest one left that is whole."""
        self.path = None
        while self._left and self.path is None:
            path = self._left.pop(0)
            clause = checkpoint_files.problem(path, self._reads_all)
            if clause:
                self._pass_over(path, clause)
            else:
                self.path = path

    def _pass_over(self, path: str, clause: str) -> None:
        self._reads_all = True
        self._passed_over.append(f"{path}: {clause}")
        logging.warning("Checkpoint %s is damaged: %s.", path, clause)

    def check(self) -> None:
        """Says that training begins from scratch, or that it must not.

        Raises:
          CheckpointDamagedError: if there are checkpoints, none is whole, and
            the rules do not allow a fresh start.
        """
        if self.path is not None or not self._passed_over:
            return
        if self._rules.allow_fresh_start:
            logging.warning(
                "No checkpoint is whole: training begins FROM SCRATCH."
            )
            return
        raise checkpoint_errors.CheckpointDamagedError(
            "\n  ".join(
                [
                    "There are checkpoints, but none is whole. Mend or remove "
                    "them, or give allow_fresh_start=True to begin from "
                    "scratch:",
                    *self._passed_over,
                ]
            )
        )

    def restore(self, session: Any, path: str) -> None:
        """Restores the newest whole checkpoint, from `path` on.

        Args:
          session: `tf.compat.v1.Session`; closed if this fails.
          path: Prefix of a checkpoint.

        Raises:
          CheckpointMismatchError: if it is not one of the session's graph.
          CheckpointDamagedError: if neither it nor any older one is whole.
          CheckpointError: if it is whole, but can't be restored.
          tf.errors.OpError: if a task is lost meanwhile.
        """
        try:
            self._restore_or_older(session, path)
        except BaseException:
            # TensorFlow's SessionManager does not, nor can anybody else.
            session.close()
            raise

    def _restore_or_older(self, session: Any, path: str) -> None:
        while True:
            try:
                self._restore(session, path)
                return
            except checkpoint_tensors.PASSING:
                raise
            except checkpoint_errors.CheckpointMismatchError:
                raise
            except (tf.errors.OpError, ValueError) as error:
                clause = checkpoint_files.problem(path, full=True)
                misfit = input_position.misfit(error, path)
                if misfit and not clause:
                    raise checkpoint_errors.CheckpointMismatchError(
                        misfit
                    ) from error
                if not clause:
                    raise checkpoint_errors.restore_failed(
                        error, path
                    ) from error
                logging.info("Restoring it failed:", exc_info=True)
                self._pass_over(path, clause)
            self._find()
            self.check()
            if self.path is None:
                self._initialize(session)
                return
            path = self.path

    def _restore(self, session: Any, path: str) -> None:
        input_position.prepare_restore(session)
        if not _is_plain(self._saver):
            self._saver.restore(session, path)
            return
        inputs = input_position.resumable_iterators(session.graph)
        plan = partial_restore.plan(
            self._saver, session.graph, path, self._rules.restore, inputs
        )
        if plan.differences:
            raise checkpoint_errors.CheckpointMismatchError(
                plan.differences.message()
            )
        if not plan.left_out:
            self._saver.restore(session, path)
            return
        logging.warning(
            "Not restored from %s, but initialized:\n  %s",
            path,
            "\n  ".join(f"{out.target}: {out.reason}" for out in plan.left_out),
        )
        if any(out.target not in inputs for out in plan.left_out):
            self._initialize(session)
        partial_restore.restore(session, plan)

    def restore_inputs(self, session: Any) -> None:
        """Restores the positions of inputs, and leaves the variables alone.

        What can't be restored begins at its first element, as the log says.

        Args:
          session: `tf.compat.v1.Session` whose inputs have begun.
        """
        inputs = input_position.resumable_iterators(session.graph)
        if self.path is None or not inputs or not _is_plain(self._saver):
            return
        try:
            partial_restore.restore(
                session,
                partial_restore.plan(
                    self._saver, session.graph, self.path, "available"
                ).only(inputs),
            )
        except checkpoint_tensors.PASSING:
            raise
        except (tf.errors.OpError, ValueError):
            logging.warning(
                "The position of the input is not restored from %s: it begins "
                "at its first element.",
                self.path,
                exc_info=True,
            )
            input_position.begin(session)

    def recover_last_checkpoints(self) -> None:
        """Tells the saver what is there, to be deleted when its time comes."""
        recover = getattr(self._saver, "recover_last_checkpoints", None)
        if recover is not None:
            recover(list(reversed(self._all)))


def _is_plain(saver: Any) -> bool:
    """Whether it restores as the ops in the graph say, and no other way."""
    return isinstance(saver, _Saver) and type(saver).restore is _Saver.restore
