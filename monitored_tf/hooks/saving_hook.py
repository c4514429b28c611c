"""Saves of a CheckpointSaverHook, at once or in the background."""

from __future__ import annotations

import copy
import os
from typing import Any, Callable

from monitored_tf import (
    _tf_private,
    checked_saver,
    failures,
    hook_states,
    save_errors,
    scratch_folder,
    snapshots,
    unfinished_files,
)
from monitored_tf.hooks.background_save import BackgroundSave, BackgroundSaves
from monitored_tf.hooks.best_metric import BestMetric
from monitored_tf.hooks.save_policy import SavePolicy, Saving
from monitored_tf.hooks.telling_hook import TellingHook


class SavingHook(TellingHook):
    """Saves when TensorFlow's hook decides to, and decides what follows.

    Args:
      checkpoint_dir: As for `CheckpointSaverHook`.
      *arguments: As its next six.
      save_graph_def: As there.
      policy: Whether training goes on after a save that failed.
      async_save: Whether it goes on while a checkpoint is written.
    """

    def __init__(
        self,
        checkpoint_dir: str,
        *arguments: Any,
        save_graph_def: bool,
        policy: SavePolicy,
        async_save: bool,
    ) -> None:
        super().__init__(checkpoint_dir, *arguments, save_graph_def)
        self._folder = checkpoint_dir
        self._writes_graph = save_graph_def
        self._policy = policy
        self._is_async = async_save
        self._saves = BackgroundSaves(checkpoint_dir, self._settle)
        self._checked_saver: checked_saver.CheckedSaver | None = None
        self._best: BestMetric | None = None
        self._hook_states: Callable[[], str | None] | None = None
        self._is_clean = False
        self._saved_step: int | None = None

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

    def save_now(self, session: Any, step: int) -> bool:
        """Saves; that it is not possible is an error, whatever the policy.

        A checkpoint that is being written is waited for before. If that one
        fails, its error is raised, but what is asked for is saved first.

        Args:
          session: The raw session.
          step: Its global step.

        Returns:
          Whether a listener asked for the end of training.

        Raises:
          NanWeightsError: if a weight is NaN or Inf.
          CheckpointSaveError: if the files can't be written.
        """
        asked_to_stop = self._finish_and(
            session, lambda: self._save_waited(session, step, must_save=True)
        )
        _tf_private.begin_interval(self, step)
        return asked_to_stop

    def _check_possible(self, session: Any) -> None:
        if self._is_async:
            snapshots.check_possible(super()._get_saver(), session)

    def _save(self, session: Any, step: int) -> bool:
        # TensorFlow's hook does all of its saves with this.
        asked_to_stop = self._saves.finish(session)
        if (
            self._is_async
            and self._thread_in_step.is_this()
            and self._get_saver().saver_def is not None
        ):
            self._save_aside(session, int(step))
            return asked_to_stop
        return self._save_waited(session, step) or asked_to_stop

    def _finish_and(self, session: Any, save: Callable[[], bool]) -> bool:
        """Saves even if what is being written fails; raises that then."""
        try:
            asked_to_stop = self._saves.finish(session)
        except save_errors.RolledBackError:
            raise  # Training is to go on from an older step than this.
        except Exception as error:
            with failures.behind(error, "the next save"):
                save()
            raise
        return save() or asked_to_stop

    def _clean_up(self) -> None:
        if self._is_clean:
            return
        self._is_clean = True
        basename = os.path.relpath(self._save_path, self._folder)
        unfinished_files.remove_leftovers(self._folder, basename)
        # Of saves in the background that were killed, whatever this hook's do.
        scratch_folder.remove_left_behind()

    def _save_waited(
        self,
        session: Any,
        step: int,
        *,
        must_save: bool = False,
        is_last: bool = False,
    ) -> bool:
        def succeeds(action: Callable[[], None]) -> bool:
            return self._succeeds(
                action, session, step, must_save=must_save, is_last=is_last
            )

        self._clean_up()
        self._tell_before(session, step)
        if not succeeds(lambda: self._write(session, step)):
            return False
        asked_to_stop = self._tell_after(session, step)
        if succeeds(lambda: self._keep_best(int(step))):
            self._saved(int(step))
        return asked_to_stop

    def _write(self, session: Any, step: int) -> None:
        with self._saves.alone():
            self._get_saver().save(
                session,
                self._save_path,
                global_step=step,
                write_meta_graph=self._writes_graph,
            )
            self._saved_step = int(step)

    def _keep_best(self, step: int) -> None:
        if self._best is not None:
            self._best.offer(self._get_saver().last_path, step)

    def _save_aside(self, session: Any, step: int) -> None:
        self._clean_up()
        self._tell_before(session, step)
        self._succeeds(
            lambda: self._saves.start(lambda: self._taken(session, step)),
            session,
            step,
        )

    def _taken(self, session: Any, step: int) -> BackgroundSave:
        saver = self._get_saver()
        snapshot = saver.take_snapshot(
            session, self._save_path, step, self._writes_graph
        )
        # With the value of now.
        best = copy.copy(self._best)

        def publish() -> None:
            saver.save_snapshot(session, snapshot, self._save_path, step)
            self._saved_step = step

        def keep() -> None:
            if best is not None:
                best.offer(saver.last_path, step)

        return BackgroundSave(step, session, publish, keep, snapshot.release)

    def _settle(self, session: Any, save: BackgroundSave) -> bool:
        if not self._succeeds(save.check_published, session, save.step):
            return False
        asked_to_stop = self._tell_after(session, save.step)
        if self._succeeds(save.check_kept, session, save.step):
            self._saved(save.step)
        return asked_to_stop

    def _succeeds(
        self,
        action: Callable[[], None],
        session: Any,
        step: int,
        **wanted: bool,
    ) -> bool:
        saving = Saving(
            session, self._get_saver(), self._folder, self._save_path, **wanted
        )
        return self._policy.succeeds(action, int(step), saving)

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
