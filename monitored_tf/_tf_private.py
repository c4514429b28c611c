"""The few private names of TensorFlow that are needed, each with its reason.

Every function says what happens where the name is missing; its test runs on
the oldest and the newest TensorFlow.
"""
# ruff: noqa: SLF001  -- reaching into TensorFlow is what this module is for.

from __future__ import annotations

from typing import Any

from absl import logging


def worker_context() -> Any:
    """Returns the worker context of a running distribute coordinator, or None.

    TensorFlow's MonitoredTrainingSession asks it for the session creator and
    for who saves what; there is no public way. None where it is missing.
    """
    try:
        from tensorflow.python.distribute import distribute_coordinator_context
    except ImportError:
        return None
    return distribute_coordinator_context.get_current_worker_context()


def worker_context_strategy(context: Any) -> Any:
    """Returns the tf.distribute strategy of a worker context; None if none."""
    return getattr(context, "_strategy", None)


def unfinalize(graph: Any) -> None:
    """Lets ops be added to a finalized graph again.

    TensorFlow does so when a monitored session is closed; only it can. Where
    it can't any more, the graph stays finalized and the log says so.
    """
    undo = getattr(graph, "_unsafe_unfinalize", None)
    if undo is None:
        logging.warning("This TensorFlow cannot unfinalize a graph.")
    else:
        undo()


def save_with_hook(hook: Any, session: Any, step: int) -> bool:
    """Saves as a CheckpointSaverHook does, its listeners included.

    The hook has no public way to save now. AttributeError where it lost this
    one too.

    Returns:
      Whether a listener asked for the end.
    """
    asked_to_stop = bool(hook._save(session, step))
    # Or end() would save the same step again.
    hook._timer.update_last_triggered_step(step)
    return asked_to_stop


def saver_of_hook(hook: Any) -> Any:
    """Returns the `Saver` that a CheckpointSaverHook writes with."""
    return hook._get_saver()


def scaffold_of(creator: Any) -> Any:
    """Returns the Scaffold of a session creator, ours or TensorFlow's.

    TensorFlow's creators do not show theirs. None where there is none.
    """
    return getattr(creator, "_scaffold", None)
