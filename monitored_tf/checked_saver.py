"""A saver that publishes only checkpoints that are whole, and finite."""

from __future__ import annotations

import numbers
import os
import re
from collections.abc import Collection
from typing import Any, Callable

import tensorflow as tf
from absl import logging

from monitored_tf import hook_states, save_errors, unfinished_files
from monitored_tf.weights_check import WeightsCheck

_v1 = tf.compat.v1
# A session was lost, or a run took too long: that is for the recovery.
_PASSING = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)


def _no_states() -> str | None:
    return None


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
        self.states = states or _no_states
        self.checks_weights = checks_weights
        self.last_path: str | None = None
        self._check = WeightsCheck()
        self._bounds: tuple[Any, frozenset[str]] = (None, frozenset())
        self._exported: tuple[Any, int] | None = None
        self._meta_graph = b""

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
        writing = _WritingSession(sess, self, write_meta_graph)
        try:
            # It runs the saving op in that session, and publishes the result.
            self.last_path = self.saver.save(
                writing,
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
            path = writing.path or save_path
            unfinished_files.remove_unfinished(path)
            unfinished_files.remove_unfinished_state(os.path.dirname(path))
            cause = writing.error or error
            step = _known_step(global_step)
            raise save_errors.save_error(cause, path, step) from cause

    def check(self, session: Any, written: str, path: str) -> None:
        """Raises NanWeightsError if a weight in a checkpoint is not finite.

        Args:
          session: The session whose weights they are.
          written: Path of the checkpoint.
          path: The path that it is to have.
        """
        found = self._check.non_finite(written, self._may_be_inf(session.graph))
        if found:
            raise save_errors.nan_weights(path, found)

    def write_meta_graph(self, session: Any, path: str) -> None:
        """Writes the graph into a file."""
        graph = session.graph
        if graph.finalized and self._exported == (graph, graph.version):
            _write_bytes(path, self._meta_graph)
            return
        with graph.as_default():
            self.saver.export_meta_graph(path)
        self._meta_graph = _read_bytes(path)
        self._exported = (graph, graph.version)

    def _may_be_inf(self, graph: Any) -> Collection[str]:
        if self._bounds[0] is not graph:
            keys = _v1.GraphKeys
            trained = _names(graph, keys.TRAINABLE_VARIABLES)
            others = _names(graph, keys.GLOBAL_VARIABLES) - trained
            self._bounds = graph, others
        return self._bounds[1]


class _WritingSession(_v1.Session):  # type: ignore[misc,name-defined]
    """Runs what saves in another session, with all that belongs to it.

    A Saver takes sessions only. So this is one, though never opened.

    Args:
      session: The session.
      saver: The CheckedSaver.
      writes_meta_graph: Whether to write the graph too.

    Attributes:
      path: Path of the checkpoint, once it is known.
      error: What kept it from being written, or None.
    """

    def __init__(
        self, session: Any, saver: CheckedSaver, writes_meta_graph: bool
    ) -> None:
        self._real = session
        self._saver = saver
        self._writes_meta_graph = writes_meta_graph
        self.path = ""
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __del__(self) -> None:
        """Leaves the real session open."""

    @property
    def graph(self) -> Any:
        """The real session's graph."""
        return self._real.graph

    def run(
        self,
        fetches: Any,
        feed_dict: Any = None,
        options: Any = None,
        run_metadata: Any = None,
    ) -> Any:
        """Runs; what saves is run so that only whole files come to be."""
        saver_def = self._saver.saver_def
        if fetches != saver_def.save_tensor_name or not feed_dict:
            return self._real.run(fetches, feed_dict, options, run_metadata)
        self.path = str(feed_dict[saver_def.filename_tensor_name])
        try:
            if self._saver.checks_weights:
                return self._written_aside()
            return self._written(self.path)
        except Exception as error:
            self.error = error
            raise

    def _written_aside(self) -> str:
        folder = unfinished_files.folder_for(self.path)
        aside = os.path.join(folder, os.path.basename(self.path))
        try:
            written = self._written(aside)
            if not tf.io.gfile.listdir(folder):
                # The task that writes has a file system of its own.
                logging.warning(
                    "The files of %s are not to be seen here, so that they "
                    "can't be checked for NaN. Let all tasks save into a "
                    "folder that they share.",
                    self.path,
                )
                self._saver.checks_weights = False
                return self._written(self.path)
            self._saver.check(self._real, written, self.path)
            unfinished_files.move_files(folder, os.path.dirname(self.path))
        finally:
            unfinished_files.remove_tree(folder)
        return self.path + written[len(aside) :]

    def _written(self, path: str) -> str:
        saver_def = self._saver.saver_def
        written = self._real.run(
            saver_def.save_tensor_name, {saver_def.filename_tensor_name: path}
        )
        text: str = tf.compat.as_str(written)
        if self._writes_meta_graph:
            self._saver.write_meta_graph(self._real, _meta_path(text))
        states = self._saver.states()
        if states is not None:
            _write_bytes(text + hook_states.SUFFIX, states.encode())
        return text


def _is_mistake(error: Exception, save_path: str) -> bool:
    """Returns whether the saver was called in a wrong way."""
    folder = os.path.dirname(save_path)
    # It has a ValueError too for a folder that is not there.
    return isinstance(error, ValueError) and (
        not folder or bool(tf.io.gfile.isdir(folder))
    )


def _known_step(global_step: Any) -> int | None:
    is_number = isinstance(global_step, numbers.Integral)
    return int(global_step) if is_number else None


def _names(graph: Any, collection: str) -> frozenset[str]:
    variables = graph.get_collection(collection)
    return frozenset(variable.op.name for variable in variables)


def _meta_path(checkpoint_path: str) -> str:
    """Returns where `Saver.save` writes the graph: shards share one file."""
    return re.sub(r"-[\d?]+-of-\d+$", "", checkpoint_path) + ".meta"


def _read_bytes(path: str) -> bytes:
    with tf.io.gfile.GFile(path, "rb") as file:
        content: bytes = file.read()
    return content


def _write_bytes(path: str, content: bytes) -> None:
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content)
