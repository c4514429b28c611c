"""Saves checkpoints that are whole and finite, and the same graph only once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Callable

import tensorflow as tf

from monitored_tf import (
    _tf_private,
    checked_saver,
    hook_states,
    save_errors,
    unfinished_files,
)
from monitored_tf.hooks.best_metric import BestMetric
from monitored_tf.hooks.graph_text import GraphText
from monitored_tf.hooks.save_policy import SavePolicy, Saving

_v1 = tf.compat.v1
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

    A checkpoint gets its name and its place in the state file once its files
    are whole, and none of its numbers is NaN or Inf. (Inf in a scalar that is
    not trainable is left alone: the least loss so far begins with it.)
    Listeners' `before_save` is called before that is known, `after_save` only
    if the checkpoint is there.

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
      on_nan: What happens where a number is NaN or Inf. "raise" raises
        `NanWeightsError`; "skip" logs a warning, saves nothing, and training
        goes on; "rollback" raises an error by which a session that recovers
        goes on from the last checkpoint (variables on a ps are restored
        before); if training comes no farther so, the fourth NaN is raised.
        None saves anything, as TensorFlow does.
      on_save_error: What happens where a checkpoint can't be written, as on a
        full disk. "raise" raises `CheckpointSaveError`, which is also of the
        type of TensorFlow's error; "warn" logs it, and training goes on until
        the next save. The one at the end raises.
      max_save_failures: With "warn", it is raised when so many saves in a row
        failed.
      keep_best: A pair of a metric, as tensor or name, and how many
        checkpoints to keep: copies of those with the lowest values are in the
        folder `best` in `checkpoint_dir`, best.json with the values, and
        `tf.train.latest_checkpoint` of that folder is the best. A third item
        "max" if the highest are best. The value is that of the last step
        before the save.

    Raises:
      ValueError: if not one of `save_secs` and `save_steps` is given, or both
        `saver` and `scaffold` are, or an argument has no such value.
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
        *,
        on_nan: str | None = "raise",
        on_save_error: str = "raise",
        max_save_failures: int = 10,
        keep_best: Sequence[Any] | None = None,
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
        self._written_graph: tuple[Any, int] | None = None
        self._graph_text = GraphText(checkpoint_dir)
        self._checked_saver: checked_saver.CheckedSaver | None = None
        self._policy = SavePolicy(on_nan, on_save_error, max_save_failures)
        self._best: BestMetric | None = None
        if keep_best is not None:
            self._best = BestMetric(
                keep_best, checkpoint_dir, checkpoint_basename
            )
        self._is_clean = self._is_ending = False
        self._hook_states: Callable[[], str | None] | None = None

    def save_hook_states(self, states: Callable[[], str | None]) -> None:
        """Saves the states of the session's hooks beside each checkpoint.

        The session calls this.

        Args:
          states: Returns the text of the file, None for none.
        """
        self._hook_states = states
        self._checked_saver = None

    def begin(self) -> None:
        """Makes the folder's event file; looks up the tensors it needs."""
        try:
            super().begin()
        except tf.errors.OpError as error:
            path = os.path.join(self._folder, self._basename)
            raise save_errors.save_error(error, path, None) from error
        if self._best is not None:
            self._best.begin(_v1.get_default_graph())

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Writes the graph, and a checkpoint of the session as it begins."""
        if self._best is not None:
            self._best.forget()
        step = session.run(self._global_step_tensor)
        graph = _v1.get_default_graph()
        if self._written_graph != (graph, graph.version):
            self._written_graph = (graph, graph.version)
            self._write_graph(graph)
        _tf_private.save_with_hook(self, session, step)
        self._graph_text.wait(_WAIT_FOR_GRAPH_SECS)

    def before_run(self, run_context: Any) -> Any:
        """Asks for the global step, and for the metric if there is one."""
        request = super().before_run(run_context)
        return self._best.added_to(request) if self._best else request

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Saves if it is time to."""
        if self._best is not None:
            run_values = self._best.taken_from(run_values)
        super().after_run(run_context, run_values)

    def end(self, session: Any) -> None:
        """Saves the last step unless that was done."""
        self._is_ending = True
        super().end(session)
        self._graph_text.wait()

    def close(self) -> None:
        """Waits until what is written in the background is there."""
        self._graph_text.wait()

    def _save(self, session: Any, step: int) -> bool:
        # TensorFlow's hook does all of its saves with this.
        if not self._is_clean:
            self._is_clean = True
            unfinished_files.remove_leftovers(self._folder, self._basename)
        asked_to_stop = False
        saver = self._get_saver()
        try:
            asked_to_stop = bool(super()._save(session, step))
            if self._best is not None:
                self._best.offer(saver.last_path, int(step))
        except save_errors.NanWeightsError as error:
            saving = Saving(session, saver, self._folder)
            self._policy.nan(error, int(step), saving)
        except save_errors.CheckpointSaveError as error:
            self._policy.failed(error, self._is_ending)
        else:
            self._policy.saved(int(step))
            if self._hook_states is not None:
                hook_states.remove_orphans(self._folder)
        return asked_to_stop

    def _write_graph(self, graph: Any) -> None:
        graph_def = graph.as_graph_def(add_shapes=True)
        if self._writes_graph:
            self._graph_text.write(graph_def)
        saver = self._get_saver()
        meta_graph = _v1.train.export_meta_graph(
            graph=graph,
            graph_def=graph_def,
            saver_def=saver.saver_def if saver else None,
        )
        self._summary_writer.add_graph(graph)
        self._summary_writer.add_meta_graph(meta_graph)

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
