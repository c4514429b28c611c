"""The hooks of a training session that save and count."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import _tf_private
from monitored_tf.hooks.checkpoint_saver_hook import CheckpointSaverHook
from monitored_tf.hooks.session_log_hook import SessionLogHook
from monitored_tf.hooks.step_counter_hook import StepCounterHook
from monitored_tf.hooks.summary_saver_hook import SummarySaverHook
from monitored_tf.save_cadence import SaveCadence

_COLLECTIVE_CHECKPOINT_STEPS = 1000


@dataclasses.dataclass(frozen=True)
class DefaultHooks:
    """Makes the hooks that save; those turned off are left out."""

    scaffold: Any
    checkpoint_dir: str | None
    summary_dir: str | None
    checkpoints: SaveCadence
    summaries: SaveCadence
    log_step_count_steps: int | None
    save_graph_def: bool
    save_rules: Mapping[str, Any]

    def for_summaries(self) -> tuple[Any, ...]:
        """Returns those that write into the folder of the summaries."""
        folder, steps = self.summary_dir, self.log_step_count_steps or 0
        if not folder:
            return ()
        hooks: list[Any] = []
        if steps > 0:
            hooks.append(StepCounterHook(steps, output_dir=folder))
        if self.summaries.is_on:
            saver = SummarySaverHook(
                save_steps=self.summaries.every_n_steps,
                save_secs=self.summaries.every_n_secs,
                output_dir=folder,
                scaffold=self.scaffold,
            )
            hooks.append(saver)
        if hooks:  # Or a session that writes nothing would make a file.
            hooks.append(SessionLogHook(folder))
        return tuple(hooks)

    def checkpoint_saver(self) -> tuple[Any, ...]:
        """Returns the one that saves checkpoints, or nothing."""
        if not self.checkpoint_dir or not self.checkpoints.is_on:
            return ()
        hook = CheckpointSaverHook(
            self.checkpoint_dir,
            save_secs=self.checkpoints.every_n_secs,
            save_steps=self.checkpoints.every_n_steps,
            scaffold=self.scaffold,
            save_graph_def=self.save_graph_def,
            **self.save_rules,
        )
        return (hook,)

    def around(
        self, hooks: tuple[Any, ...], saves_last: bool
    ) -> tuple[Any, ...]:
        """Returns all that a chief has, with the user's in their place."""
        saver = self.checkpoint_saver()
        return (
            *self.for_summaries(),
            *((*hooks, *saver) if saves_last else (*saver, *hooks)),
        )

    def into(self, folder: str) -> DefaultHooks:
        """Returns the same for a folder below each of the two."""
        return dataclasses.replace(
            self,
            checkpoint_dir=_below(self.checkpoint_dir, folder),
            summary_dir=_below(self.summary_dir, folder),
        )


def _below(directory: str | None, folder: str) -> str | None:
    return directory and os.path.join(directory, folder)


def for_worker_context(defaults: DefaultHooks, context: Any) -> tuple[Any, ...]:
    """Returns the default hooks of a task of a distribute coordinator."""
    summaries = checkpoints = defaults
    if _runs_collectives(context):
        # Every task must run the same ops or all of them hang: one that has
        # nothing to save saves into a folder that nobody reads.
        checkpoints = _without_seconds(defaults)
        summaries = checkpoints
        if not context.should_save_summary:
            summaries = summaries.into(_scrap_folder(context))
        if not context.should_checkpoint:
            checkpoints = checkpoints.into(_scrap_folder(context))
        saves_summary = saves_checkpoint = True
    else:
        saves_summary = context.should_save_summary
        saves_checkpoint = context.should_checkpoint
    return (
        *(summaries.for_summaries() if saves_summary else ()),
        *(checkpoints.checkpoint_saver() if saves_checkpoint else ()),
    )


def _runs_collectives(context: Any) -> bool:
    return is_collective(_tf_private.worker_context_strategy(context))


def _without_seconds(defaults: DefaultHooks) -> DefaultHooks:
    if defaults.summaries.every_n_secs:
        logging.warning(
            "save_summaries_secs lets the tasks of a collective strategy run "
            "different ops. Use save_summaries_steps."
        )
    if not defaults.checkpoints.every_n_secs:
        return defaults
    logging.warning(
        "save_checkpoint_secs lets the tasks of a collective strategy wait for "
        "each other for ever. Saving every %d steps instead; set "
        "save_checkpoint_steps.",
        _COLLECTIVE_CHECKPOINT_STEPS,
    )
    return dataclasses.replace(
        defaults, checkpoints=SaveCadence(_COLLECTIVE_CHECKPOINT_STEPS, None)
    )


def _scrap_folder(context: Any) -> str:
    if not context.task_type:
        return "tmp"
    return f"tmp_{context.task_type}_{context.task_id}"


def is_collective(strategy: Any) -> bool:
    """Returns whether all tasks of a strategy must run the same ops."""
    return isinstance(
        strategy,
        (
            tf.distribute.MultiWorkerMirroredStrategy,
            tf.compat.v1.distribute.experimental.MultiWorkerMirroredStrategy,
        ),
    )
