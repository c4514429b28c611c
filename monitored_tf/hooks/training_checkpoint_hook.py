"""The checkpoint saver that MonitoredTrainingSession uses by default."""

from __future__ import annotations

import os
import warnings
from typing import Any

import tensorflow as tf
from google.protobuf import text_format

_v1 = tf.compat.v1
_GRAPH_FILE = "graph.pbtxt"


class TrainingCheckpointHook(
    _v1.train.CheckpointSaverHook  # type: ignore[misc,name-defined]
):
    """Saves checkpoints, on every TensorFlow and protobuf that go together.

    TensorFlow 2.20 cannot write a graph as text where protobuf 7 is installed,
    which its wheel admits; `tf.compat.v1.train.CheckpointSaverHook` dies of it
    when the session is made. This hook writes the same files in the same order.

    Args:
      checkpoint_dir: Folder to save to.
      save_secs: Seconds between checkpoints.
      save_steps: Global steps between checkpoints. Give one of the two.
      saver: A `tf.compat.v1.train.Saver`, or a `scaffold` that has one.
      checkpoint_basename: File name of the checkpoints, to which the step is
        added.
      scaffold: A `tf.compat.v1.train.Scaffold`.
      listeners: `CheckpointSaverListener`s.
      save_graph_def: Whether to write `graph.pbtxt` and `.meta` files.

    Raises:
      ValueError: if not one of `save_secs` and `save_steps` is given, or both
        `saver` and `scaffold` are.
    """

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Writes the graph, and a checkpoint of the session as it begins."""
        graph = _v1.get_default_graph()
        graph_def = graph.as_graph_def(add_shapes=True)
        if self._save_graph_def:
            _write_graph_text(graph_def, self._checkpoint_dir)
        self._summary_writer.add_graph(graph)
        self._summary_writer.add_meta_graph(
            _v1.train.export_meta_graph(
                graph=graph, graph_def=graph_def, saver_def=self._saver_def()
            )
        )
        step = session.run(self._global_step_tensor)
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def _saver_def(self) -> Any:
        saver = self._get_saver()
        return saver.saver_def if saver else None


def _write_graph_text(graph_def: Any, directory: str) -> None:
    try:
        with warnings.catch_warnings():
            # Of protobuf 6, about the same: nothing that a user can change.
            warnings.filterwarnings("ignore", "float_format is deprecated")
            tf.io.write_graph(graph_def, directory, _GRAPH_FILE)
    except TypeError:  # TensorFlow 2.20 on protobuf 7. The folder is made.
        path = os.path.join(directory, _GRAPH_FILE)
        with tf.io.gfile.GFile(path, "w") as file:
            file.write(text_format.MessageToString(graph_def))
