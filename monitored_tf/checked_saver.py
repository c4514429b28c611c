"""A saver that publishes only checkpoints that are whole, and finite."""

from __future__ import annotations

import numbers
import os
from typing import Any, Callable

import tensorflow as tf
from absl import logging

from monitored_tf import hook_states, meta_graph, save_errors, unfinished_files
from monitored_tf.snapshots import Snapshot, Snapshots
from monitored_tf.stand_in_session import StandInSession
from monitored_tf.weight_bounds import InfiniteBounds
from monitored_tf.weights_check import WeightsCheck

_v1 = tf.compat.v1
# A session was lost, or a run took too long: that is for the recovery.
_PASSING = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)


class CheckedSaver:
    """Does what a saver does, but writes in another order.

    Files are written into a folder beside the checkpoint's place, checked, and
    then moved to their place; only then does the saver publish them. The graph
    of a session that is finalized is exported once; from then on its bytes are
    written.

    Args:
      saver: A `tf.compat.v1.train.Saver`; it does all the rest.
      checks_weights: Whether to look for NaN and Inf. Without that, files are
        written to their place at once.
      states: Returns the text of the file with the hooks' states that
        goes beside each checkpoint, or None.

    Attributes:
      last_path: Path of the checkpoint that was saved last, or None.
    """

    def __init__(
        self,
        saver: Any,
        checks_weights: bool = True,
        states: Callable[[], str | None] | None = None,
    ) -> None:
        self.saver = saver
        self.states = states or (lambda: None)
        self.checks_weights = checks_weights
        self.last_path: str | None = None
        self._check = WeightsCheck()
        self._bounds = InfiniteBounds()
        self._meta_graph = meta_graph.MetaGraph(saver)
        self._snapshots = Snapshots(saver)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.saver, name)

    def save(
        self,
        sess: Any,
        save_path: str,
        global_step: Any = None,
        write_meta_graph: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Saves as `Saver.save` does; returns the checkpoint's path.

        Raises:
          NanWeightsError: if a weight is NaN or Inf; nothing was published.
          CheckpointSaveError: if the files could not be written. None are left
            of them, and the state file is as it was.
        """
        if not isinstance(self.saver, _v1.train.Saver):  # Its own ways.
            self.last_path = self.saver.save(
                sess,
                save_path,
                global_step=global_step,
                write_meta_graph=write_meta_graph,
                **kwargs,
            )
            return self.last_path

        def write(path: str) -> str:
            if self.checks_weights:
                return self._written_aside(sess, path, write_meta_graph)
            return self._written(sess, path, write_meta_graph)

        return self._published(sess, write, save_path, global_step, **kwargs)

    def take_snapshot(
        self, session: Any, save_path: str, step: int, write_meta_graph: bool
    ) -> Snapshot:
        """Puts the values of now aside, to be saved with `save_snapshot`.

        Args:
          session: The session.
          save_path: Path of the checkpoints without the step.
          step: The global step.
          write_meta_graph: Whether the graph is saved too.

        Raises:
          CheckpointSaveError: if there is no room for them.
        """
        try:
            return self._snapshot(session, write_meta_graph)
        except _PASSING:
            raise
        except (tf.errors.OpError, OSError) as error:
            path = f"{save_path}-{step}"
            raise save_errors.save_error(error, path, step) from error

    def save_snapshot(
        self, session: Any, snapshot: Snapshot, save_path: str, step: int
    ) -> None:
        """Saves it; no op is run in the session, which may be closed.

        Raises:
          As `save`.
        """

        def write(path: str) -> str:
            folder = unfinished_files.folder_for(path)
            aside = os.path.join(folder, os.path.basename(path))
            try:
                written = snapshot.write(aside)
                if self.checks_weights:
                    self.check(session, written, path)
                unfinished_files.move_files(folder, os.path.dirname(path))
            finally:
                unfinished_files.remove_tree(folder)
            return path + written[len(aside) :]

        # A thread begins without a graph, and TensorFlow with eager execution.
        with session.graph.as_default():
            self._published(session, write, save_path, step)

    def _snapshot(self, session: Any, with_graph: bool) -> Snapshot:
        graph = self._meta_graph.kept(session.graph) if with_graph else b""

        def others() -> dict[str, bytes]:
            files = {meta_graph.SUFFIX: graph} if graph else {}
            states = self.states()
            if states is not None:
                files[hook_states.SUFFIX] = states.encode()
            return files

        # The graph that was not exported yet: TensorFlow does that into files.
        fetched = None
        if graph is not None:
            fetched = self._snapshots.fetched(session, others)
        return fetched or self._snapshots.written(
            lambda path: self._written(session, path, with_graph)
        )

    def check(self, session: Any, written: str, path: str) -> None:
        """Raises NanWeightsError if a weight in a checkpoint is not finite.

        Args:
          session: The session whose weights they are.
          written: Path of the checkpoint.
          path: The path that it is to have.
        """
        found = self._check.non_finite(written, self._bounds.of(session.graph))
        if found:
            raise save_errors.nan_weights(path, found)

    def _published(
        self,
        session: Any,
        write: Callable[[str], str],
        save_path: str,
        global_step: Any,
        **kwargs: Any,
    ) -> Any:
        stand_in = StandInSession(session, self.saver.saver_def, write)
        try:
            # It runs the saving op in that session, and publishes the result.
            self.last_path = self.saver.save(
                stand_in,
                save_path,
                global_step=global_step,
                write_meta_graph=False,
                **kwargs,
            )
            return self.last_path
        except (*_PASSING, save_errors.NanWeightsError):
            raise
        except (tf.errors.OpError, OSError, ValueError) as error:
            if _is_mistake(error, save_path):
                raise
            path = stand_in.path or save_path
            unfinished_files.remove_unfinished(path)
            unfinished_files.remove_unfinished_state(os.path.dirname(path))
            cause = stand_in.error or error
            is_number = isinstance(global_step, numbers.Integral)
            step = int(global_step) if is_number else None
            raise save_errors.save_error(cause, path, step) from cause

    def _written_aside(self, session: Any, path: str, with_graph: bool) -> str:
        folder = unfinished_files.folder_for(path)
        aside = os.path.join(folder, os.path.basename(path))
        try:
            written = self._written(session, aside, with_graph)
            if not tf.io.gfile.listdir(folder):
                # The task that writes has a file system of its own.
                logging.warning(
                    "The files of %s are not to be seen here, so that they "
                    "can't be checked for NaN. Let all tasks save into a "
                    "folder that they share.",
                    path,
                )
                self.checks_weights = False
                return self._written(session, path, with_graph)
            self.check(session, written, path)
            unfinished_files.move_files(folder, os.path.dirname(path))
        finally:
            unfinished_files.remove_tree(folder)
        return path + written[len(aside) :]

    def _written(self, session: Any, path: str, with_graph: bool) -> str:
        saver_def = self.saver.saver_def
        written = session.run(
            saver_def.save_tensor_name, {saver_def.filename_tensor_name: path}
        )
        text: str = tf.compat.as_str(written)
        if with_graph:
            self._meta_graph.write(session.graph, text)
        states = self.states()
        if states is not None:
            meta_graph.write_bytes(text + hook_states.SUFFIX, states.encode())
        return text


def _is_mistake(error: Exception, save_path: str) -> bool:
    """Returns whether the saver was called in a wrong way."""
    folder = os.path.dirname(save_path)
    # It has a ValueError too for a folder that is not there.
    return isinstance(error, ValueError) and (
        not folder or bool(tf.io.gfile.isdir(folder))
    )
