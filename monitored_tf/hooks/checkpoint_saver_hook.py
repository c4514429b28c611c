"""Saves checkpoints without writing the same graph again each time."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import uuid
import warnings
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from absl import logging
from google.protobuf import text_format

from monitored_tf import _tf_private

_v1 = tf.compat.v1
_GRAPH_FILE = "graph.pbtxt"
# The text of most graphs is written before the session is handed out. That of
# a large one may take longer than anybody should wait.
_WAIT_FOR_GRAPH_SECS = 0.5


class CheckpointSaverHook(
    _v1.train.CheckpointSaverHook  # type: ignore[misc,name-defined]
):
    """Saves checkpoints every N steps or seconds.

    Stands in for `tf.compat.v1.train.CheckpointSaverHook`: the same files, the
    same calls of listeners. A graph that is finalized does not change, so that
    its `.meta` is made once and its bytes are written beside each checkpoint;
    the graph goes once into `graph.pbtxt` and into the event file, not again
    at each recovery. `graph.pbtxt` is written in the background, on every
    protobuf; that it can't be written is a warning in the log.

    Args:
      checkpoint_dir: Folder to save to.
      save_secs: Seconds between checkpoints.
      save_steps: Global steps between checkpoints. Give one of the two.
      saver: A `tf.compat.v1.train.Saver`; one of the two below if None.
      checkpoint_basename: File name of the checkpoints, to which the step is
        added.
      scaffold: A `tf.compat.v1.train.Scaffold`, whose saver is used. Without
        it, the one in the graph's collection SAVERS.
      listeners: `CheckpointSaverListener`s, called before and after each save.
      save_graph_def: Whether to write `graph.pbtxt` and `.meta` files.

    Raises:
      ValueError: if not one of `save_secs` and `save_steps` is given, or both
        `saver` and `scaffold` are.
    """

    def __init__(
        self,
        checkpoint_dir: str,
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: Any = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: Any = None,
        listeners: Sequence[Any] | None = None,
        save_graph_def: bool = True,
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
        self._writes_graph = save_graph_def
        self._written_graph: tuple[Any, int] | None = None
        self._graph_writer: threading.Thread | None = None
        self._saver_of_graph: _SaverOfOneGraph | None = None

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Writes the graph, and a checkpoint of the session as it begins."""
        step = session.run(self._global_step_tensor)
        graph = _v1.get_default_graph()
        if self._written_graph != (graph, graph.version):
            self._written_graph = (graph, graph.version)
            self._write_graph(graph)
        _tf_private.save_with_hook(self, session, step)
        self._wait_for_graph_text(_WAIT_FOR_GRAPH_SECS)

    def end(self, session: Any) -> None:
        """Saves the last step unless that was done."""
        super().end(session)
        self._wait_for_graph_text()

    def close(self) -> None:
        """Waits until what is written in the background is there."""
        self._wait_for_graph_text()

    def _write_graph(self, graph: Any) -> None:
        graph_def = graph.as_graph_def(add_shapes=True)
        if self._writes_graph:
            self._wait_for_graph_text()
            self._graph_writer = threading.Thread(
                target=_write_graph_text,
                args=(_as_text(graph_def), self._folder),
                name="write graph.pbtxt",
            )
            self._graph_writer.start()
        saver = self._get_saver()
        meta_graph = _v1.train.export_meta_graph(
            graph=graph,
            graph_def=graph_def,
            saver_def=saver.saver_def if saver else None,
        )
        self._summary_writer.add_graph(graph)
        self._summary_writer.add_meta_graph(meta_graph)

    def _wait_for_graph_text(self, secs: float | None = None) -> None:
        if self._graph_writer is not None:
            self._graph_writer.join(secs)

    def _get_saver(self) -> Any:
        # TensorFlow's hook saves with what this returns.
        saver = super()._get_saver()
        if saver is None:
            return None
        known = self._saver_of_graph
        if known is None or known.saver is not saver:
            known = self._saver_of_graph = _SaverOfOneGraph(saver)
        return known


class _SaverOfOneGraph:
    """A saver that exports a finalized graph once, and then writes its bytes.

    Args:
      saver: A `tf.compat.v1.train.Saver`; it does all the rest.
    """

    def __init__(self, saver: Any) -> None:
        self.saver = saver
        self._exported: tuple[Any, int] | None = None
        self._meta_graph = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.saver, name)

    def save(
        self,
        session: Any,
        save_path: str,
        global_step: Any = None,
        write_meta_graph: bool = True,
    ) -> Any:
        """Saves as `Saver.save` does; returns the checkpoint's path."""
        graph = session.graph
        is_known = graph.finalized and self._exported == (graph, graph.version)
        path = self.saver.save(
            session,
            save_path,
            global_step=global_step,
            write_meta_graph=write_meta_graph and not is_known,
        )
        # There is no path where a saver has nothing to save.
        if write_meta_graph and path:
            if is_known:
                _write_bytes(_meta_path(path), self._meta_graph)
            else:
                self._meta_graph = _read_bytes(_meta_path(path))
                self._exported = (graph, graph.version)
        return path


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


def _as_text(graph_def: Any) -> str:
    text: str
    try:
        with warnings.catch_warnings():
            # Of protobuf 6, about this argument. It makes the digits of floats
            # those of TensorFlow's own file.
            warnings.filterwarnings("ignore", "float_format is deprecated")
            text = text_format.MessageToString(graph_def, float_format="")
    except TypeError:  # Protobuf 7 has no such argument.
        text = text_format.MessageToString(graph_def)
    return text


def _write_graph_text(text: str, folder: str) -> None:
    path = os.path.join(folder, _GRAPH_FILE)
    unfinished = f"{path}.{uuid.uuid4().hex}.tmp"
    try:
        tf.io.gfile.makedirs(folder)
        _write_bytes(unfinished, text.encode())
        tf.io.gfile.rename(unfinished, path, overwrite=True)
    except tf.errors.OpError:  # Nothing of the training depends on it.
        logging.warning(
            "%s could not be written; training goes on.", path, exc_info=True
        )
        with contextlib.suppress(tf.errors.OpError):
            tf.io.gfile.remove(unfinished)
