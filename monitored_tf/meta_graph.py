"""The `.meta` file of checkpoints, exported once for a graph."""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf

SUFFIX = ".meta"


class MetaGraph:
    """Writes a saver's graph beside its checkpoints.

    The graph of a session that is finalized is exported once; from then on
    its bytes are written.

    Args:
      saver: A `tf.compat.v1.train.Saver`.
    """

    def __init__(self, saver: Any) -> None:
        self._saver = saver
        self._exported: tuple[Any, int] | None = None
        self._content = b""

    def kept(self, graph: Any) -> bytes | None:
        """Returns the bytes for a graph; None if they are to be made yet."""
        if graph.finalized and self._exported == (graph, graph.version):
            return self._content
        return None

    def write(self, graph: Any, checkpoint_path: str) -> None:
        """Writes it into the file that belongs to a checkpoint.

        Args:
          graph: The graph.
          checkpoint_path: What the op that saved the checkpoint returned.
        """
        path = _path(checkpoint_path)
        kept = self.kept(graph)
        if kept is not None:
            write_bytes(path, kept)
            return
        with graph.as_default():
            self._saver.export_meta_graph(path)
        self._content = _read_bytes(path)
        self._exported = (graph, graph.version)


def _path(checkpoint_path: str) -> str:
    """Returns where `Saver.save` writes the graph: shards share one file."""
    return re.sub(r"-[\d?]+-of-\d+$", "", checkpoint_path) + SUFFIX


def _read_bytes(path: str) -> bytes:
    with tf.io.gfile.GFile(path, "rb") as file:
        content: bytes = file.read()
    return content


def write_bytes(path: str, content: bytes) -> None:
    """Writes a file."""
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content)
