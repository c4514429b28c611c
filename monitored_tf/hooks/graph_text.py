"""Writes graph.pbtxt in the background."""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
import warnings
from typing import Any

import tensorflow as tf
from absl import logging
from google.protobuf import text_format

_GRAPH_FILE = "graph.pbtxt"


class GraphText:
    """Writes a graph as text into a folder; see `write`.

    Args:
      folder: The folder; it is made.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._writer: threading.Thread | None = None

    def write(self, graph_def: Any) -> None:
        """Begins to write a GraphDef. That it can't be is a warning."""
        self.wait()
        self._writer = threading.Thread(
            target=_write,
            args=(_as_text(graph_def), self._folder),
            name="write graph.pbtxt",
        )
        self._writer.start()

    def wait(self, secs: float | None = None) -> None:
        """Waits until what was begun is there, at most so many seconds."""
        if self._writer is not None:
            self._writer.join(secs)


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


def _write(text: str, folder: str) -> None:
    path = os.path.join(folder, _GRAPH_FILE)
    unfinished = f"{path}.{uuid.uuid4().hex}.tmp"
    try:
        tf.io.gfile.makedirs(folder)
        with tf.io.gfile.GFile(unfinished, "wb") as file:
            file.write(text.encode())
        tf.io.gfile.rename(unfinished, path, overwrite=True)
    except tf.errors.OpError:  # Nothing of the training depends on it.
        logging.warning(
            "%s could not be written; training goes on.", path, exc_info=True
        )
        with contextlib.suppress(tf.errors.OpError):
            tf.io.gfile.remove(unfinished)
