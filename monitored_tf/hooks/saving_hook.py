"""Saves of a CheckpointSaverHook, at once or in the background."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Callable

import tensorflow as tf

from monitored_tf import (
    checked_saver,
    hook_states,
    save_errors,
    scratch_folder,
    snapshots,
    unfinished_files,
)
from monitored_tf.hooks.background_save import BackgroundSave, BackgroundSaves
from monitored_tf.hooks.best_metric import BestMetric
from monitored_tf.hooks.save_policy import SavePolicy, Saving

_v1 = tf.compat.v1


class SavingHook(
    _v1.train.CheckpointSaverHook  # type: ignore[misc,name-defined]
):
    """Saves when TensorFlow's hook decides to, and decides what follows.

    Args:
      checkpoint_dir: As for `CheckpointSaverHook`, as the next seven are.
      save_secs: See there.
      save_steps: See there.
      saver: See there.
      checkpoint_basename: See there.
      scaffold: See there.
      listeners: See there.
      save_graph_def: See there.
      policy: Whether training goes on after a save that failed.
      async_save: Whether it goes on while a checkpoint is written.
    """

    def __init__(
        self,
        checkpoint_dir: str,
        save_secs: float | None,
        save_steps: int | None,
        saver: Any,
        checkpoint_basename: str,
        scaffold: Any,
        listeners: Sequence[Any] | None,
        save_graph_def: bool,
        *,
        policy: SavePolicy,
        async_save: bool,
    ) -> None:
        super().__init__(
            checkpoint_dir,
            save_secs,
            save_steps,
            saver,
            checkpoint_basename,
            scaffold,
            listeners,
            save_graph_def,
        )
        self._folder = checkpoint_dir
        self._basename = checkpoint_basename
        self._writes_graph = save_graph_def
        self._policy = policy
        self._is_async = async_save
        self._saves = BackgroundSaves(checkpoint_dir, self._settle)
        self._checked_saver: checked_saver.CheckedSaver | None = None
        self._best: BestMetric | None = None
        self._hook_states: Callable[[], str | None] | None = None
        self._is_clean = self._is_ending = False
        # The thread whose saves of now are those of the cadence.
        self._thread_in_step: int | None = None

    def save_hook_states(self, states: Callable[[], str | None]) -> None:
        """Saves the states of the session's hooks beside each checkpoint.

        The session calls this.

        Args:
          states: Returns the text of the file, None for none.
        """
        self._hook_states = states
        self._checked_saver = None

    def finish_save(self, session: Any) -> bool:
        """Waits for the checkpoint that is being written, if there is one.

        Args:
          session: The raw session.

        Returns:
          Whether a listener asked for the end of training.

        Raises:
          As a save does.
        """
        return self._saves.finish(session)

    def _check_possible(self, session: Any) -> None:
        if self._is_async:
            snapshots.check_possible(super()._get_saver(), session)

    def _save(self, session: Any, step: int) -> bool:
        # TensorFlow's hook does all of its saves with this.
        if not self._is_clean:
            self._is_clean = True
            unfinished_files.remove_leftovers(self._folder, self._basename)
            if self._is_async:
                scratch_folder.remove_left_behind()
        saver = self._get_saver()
        if self._is_async and saver.saver_def is not None:
            return self._save_aside(session, int(step))
        asked_to_stop = False
        with self._errors_handled(session, int(step), self._is_ending):
            asked_to_stop = bool(super()._save(session, step))
            if self._best is not None:
                self._best.offer(saver.last_path, int(step))
            self._saved(int(step))
        return asked_to_stop

    def _save_aside(self, session: Any, step: int) -> bool:
        with self._saves.turn:
            asked_to_stop = self._saves.finish(session)
            for listener in self._listeners:
                listener.before_save(session, step)
            with self._errors_handled(session, step, self._is_ending):
                self._saves.start(lambda: self._taken(session, step))
            if self._thread_in_step != threading.get_ident():
                asked_to_stop = self._saves.finish(session) or asked_to_stop
        return asked_to_stop

    def _taken(self, session: Any, step: int) -> BackgroundSave:
        saver = self._get_saver()
        snapshot = saver.take_snapshot(
            session, self._save_path, step, self._writes_graph
        )
        # With the value of now.
        best = copy.copy(self._best)

        def keep() -> None:
            if best is not None:
                best.offer(saver.last_path, step)

        return BackgroundSave(
            step,
            self._is_ending,
            session,
            lambda: saver.save_snapshot(
                session, snapshot, self._save_path, step
            ),
            keep,
            snapshot.release,
        )

    def _settle(self, session: Any, save: BackgroundSave) -> bool:
        asked_to_stop = False
        with self._errors_handled(session, save.step, save.is_last):
            save.wait_published()
            event = _v1.SessionLog(
                status=_v1.SessionLog.CHECKPOINT,
                checkpoint_path=self._save_path,
            )
            self._summary_writer.add_session_log(event, save.step)
            for listener in self._listeners:
                if listener.after_save(session, save.step):
                    asked_to_stop = True
            save.check_kept()
            self._saved(save.step)
        return asked_to_stop

    @contextlib.contextmanager
    def _errors_handled(
        self, session: Any, step: int, is_last: bool
    ) -> Iterator[None]:
        try:
            yield
        except save_errors.NanWeightsError as error:
            saving = Saving(session, self._get_saver(), self._folder)
            self._policy.nan(error, step, saving)
        except save_errors.CheckpointSaveError as error:
            self._policy.failed(error, is_last)

    def _saved(self, step: int) -> None:
        self._policy.saved(step)
        if self._hook_states is not None:
            hook_states.remove_orphans(self._folder)

    def _forget_session(self) -> None:
        # What takes snapshots of a session keeps it.
        self._checked_saver = None

    def _get_saver(self) -> Any:
        # TensorFlow's hook saves with what this returns.
        saver = super()._get_saver()
        if saver is None:
            return None
        known = self._checked_saver
        if known is None or known.saver is not saver:
            known = self._checked_saver = checked_saver.CheckedSaver(
                saver, self._policy.checks_weights, self._hook_states
            )
        return known
