"""Saves checkpoints that are whole and finite, and the same graph only once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from monitored_tf import _tf_private, save_errors
from monitored_tf.hooks.best_metric import BestMetric
from monitored_tf.hooks.graph_text import GraphText
from monitored_tf.hooks.save_policy import SavePolicy
from monitored_tf.hooks.saving_hook import SavingHook

_v1 = tf.compat.v1
# The text of most graphs is written before the session is handed out. That of
# a large one may take longer than anybody should wait.
_WAIT_FOR_GRAPH_SECS = 0.5


class CheckpointSaverHook(SavingHook):
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
        goes on (`save()` of a session raises); "rollback" raises an error by
        which a session that recovers goes on from the last checkpoint
        (variables on a ps are restored before); if training comes no farther
        so, the fourth NaN is raised. None saves anything, as TensorFlow does.
      on_save_error: What happens where a checkpoint can't be written, as on a
        full disk. "raise" raises `CheckpointSaveError`, which is also of the
        type of TensorFlow's error; "warn" logs it, and training goes on until
        the next save. The one at the end raises, and `save()` of a session.
      max_save_failures: With "warn", it is raised when so many saves in a row
        failed.
      keep_best: A pair of a metric, as tensor or name, and how many
        checkpoints to keep: copies of those with the lowest values are in the
        folder `best` in `checkpoint_dir`, best.json with the values, and
        `tf.train.latest_checkpoint` of that folder is the best. A third item
        "max" if the highest are best. The value is that of the last step
        before the save.
      async_save: Whether training goes on while a checkpoint is written. What
        is saved are the values of one step all the same: they are copied
        first, which takes as much memory as the checkpoint is long. (Many
        small variables, and the positions of inputs, are written into
        `/dev/shm`, or into the folder for temporary files.) A thread writes
        and checks them. What follows a save, `after_save` of the listeners
        and errors too, comes at the end of the first step after that, or
        before the next save: what a listener reads from the `session` that
        `after_save` is given are later values than those of the checkpoint.
        The first and the last save are waited for, and those that are asked
        for, as by listeners. Not in a cluster.

    Raises:
      ValueError: if not one of `save_secs` and `save_steps` is given, or both
        `saver` and `scaffold` are, or an argument has no such value. With
        `async_save`, when the session is made: if it is one of a cluster, or
        the saver is no `tf.compat.v1.train.Saver`.
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
        async_save: bool = False,
    ) -> None:
        super().__init__(
            checkpoint_dir,
            save_secs,
            save_steps,
            saver,
            checkpoint_basename,
            scaffold,
            listeners,
            save_graph_def=save_graph_def,
            policy=SavePolicy(on_nan, on_save_error, max_save_failures),
            async_save=async_save,
        )
        self._written_graph: tuple[Any, int] | None = None
        self._graph_text = GraphText(checkpoint_dir)
        if keep_best is not None:
            self._best = BestMetric(
                keep_best, checkpoint_dir, checkpoint_basename
            )

    def begin(self) -> None:
        """Makes the folder's event file; looks up the tensors it needs.

        What a training before this one left in the hook is forgotten.
        """
        self._is_clean = False
        self._policy.begin()
        self._thread_in_step.leave()
        try:
            super().begin()
        except tf.errors.OpError as error:
            raise save_errors.save_error(
                error, self._save_path, None
            ) from error
        if self._best is not None:
            self._best.begin(_v1.get_default_graph())

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Writes the graph, and a checkpoint of the session as it begins."""
        self._check_possible(session)
        # Of a session that was lost.
        if self.finish_save(session):
            coord.request_stop()
        # TensorFlow's timer can't tell: it counts saves that failed too.
        self._saved_step = self._policy.skipped_step = None
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
        if self._saves.is_done and self._saves.finish(run_context.session):
            run_context.request_stop()
        self._thread_in_step.enter()
        try:
            super().after_run(run_context, run_values)
        finally:
            self._thread_in_step.leave()

    def on_error(self, session: Any, error: BaseException) -> None:
        """Waits for the checkpoint that is being written."""
        self._saves.finish(session)

    def end(self, session: Any) -> None:
        """Saves the last step unless that was done."""
        self._finish_and(session, lambda: self._save_last(session))
        self._graph_text.wait()
        self._forget_session()

    def _save_last(self, session: Any) -> bool:
        step = session.run(self._global_step_tensor)
        asked_to_stop = False
        if int(step) not in (self._saved_step, self._policy.skipped_step):
            asked_to_stop = self._save_waited(session, step, is_last=True)
        for listener in self._listeners:
            listener.end(session, step)
        return asked_to_stop

    def close(self) -> None:
        """Waits until what is written in the background is there."""
        try:
            self._saves.finish()
        finally:
            self._graph_text.wait()
            self._forget_session()

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
