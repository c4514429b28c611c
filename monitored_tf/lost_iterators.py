"""Iterators that a recovery leaves empty, because users initialized them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import dataset_ops, input_position
from monitored_tf.error_text import describe

_v1 = tf.compat.v1
_INSTEAD = "monitored_tf.resumable_input(dataset) goes on where the input was."
_told_of_restart: set[tuple[str | None, ...]] = set()


def begin_again(session: Any, lost_errors: tuple[type[Exception], ...]) -> None:
    """Initializes the iterators that were initialized once, by `run()`.

    The state of an iterator is lost with its session, and nobody is there to
    run its initializer in the next one. What can't be, and that the input
    begins at its first element, is said in the log.

    Args:
      session: `tf.compat.v1.Session` in the place of one that was lost.
      lost_errors: Types that tell that this one is lost too.

    Raises:
      tf.errors.OpError: one of `lost_errors`.
    """
    graph = session.graph
    begun = _one_shot(graph)
    for iterator, initializers in _left_empty(graph).items():
        if _begins(session, iterator, initializers, lost_errors):
            begun.append(iterator)
    _tell([*begun, *_queues(graph)])


def tell_of_restart(graph: Any, checkpoint_dir: str | None) -> None:
    """Says which input begins anew although the training goes on.

    A process says so once: one that trains and evaluates in turns means it.

    Args:
      graph: The graph, whose variables were restored from a checkpoint.
      checkpoint_dir: The folder of the checkpoints.
    """
    inputs = [*_one_shot(graph), *_left_empty(graph), *_queues(graph)]
    told = (checkpoint_dir, *inputs)
    if told not in _told_of_restart:
        _told_of_restart.add(told)
        _tell(inputs)


def _tell(inputs: list[str]) -> None:
    if inputs:
        logging.warning(
            "Input begins at its first element again: %s. %s",
            ", ".join(inputs),
            _INSTEAD,
        )


def _queues(graph: Any) -> list[str]:
    runners = graph.get_collection(_v1.GraphKeys.QUEUE_RUNNERS)
    return [runner.name for runner in runners]


def _begins(
    session: Any,
    iterator: str,
    initializers: list[Any],
    lost_errors: tuple[type[Exception], ...],
) -> bool:
    placeholders = sorted(
        {n for op in initializers for n in dataset_ops.feeds(op)}
    )
    if placeholders:
        clause = f"its initializer needs {', '.join(placeholders)} to be fed"
    elif len(initializers) > 1:
        names = ", ".join(op.name for op in initializers)
        clause = f"it has several initializers: {names}"
    else:
        clause = _problem_of_run(session, initializers[0], lost_errors)
    if clause:
        logging.warning(
            "The iterator %s is not initialized in the new session: %s. "
            "Unless a hook does it in after_create_session, the next run that "
            "needs it fails. Add an initializer that needs no feed to "
            "tf.compat.v1.GraphKeys.TABLE_INITIALIZERS, or use another input: "
            "%s",
            iterator,
            clause,
            _INSTEAD,
        )
    return not clause


def _problem_of_run(
    session: Any, initializer: Any, lost_errors: tuple[type[Exception], ...]
) -> str:
    try:
        session.run(initializer)
    except lost_errors:
        raise
    except tf.errors.OpError as error:  # Training may not need this one.
        return describe(error)
    return ""


def _left_empty(graph: Any) -> dict[str, list[Any]]:
    """Returns the initializers that nobody runs, by name of the iterator."""
    run_by_others = {
        *input_position.initializers(graph),
        *graph.get_collection(_v1.GraphKeys.TABLE_INITIALIZERS),
    }
    initializers: defaultdict[str, list[Any]] = defaultdict(list)
    for op in graph.get_operations():
        if op.type == "MakeIterator":
            initializers[dataset_ops.iterator_of(op).op.name].append(op)
    return {
        name: ops
        for name, ops in initializers.items()
        if not run_by_others.intersection(ops)
        and not _is_saved(dataset_ops.iterator_of(ops[0]))
    }


def _one_shot(graph: Any) -> list[str]:
    return [
        op.name
        for op in graph.get_operations()
        if op.type == "OneShotIterator" and not _is_saved(op.outputs[0])
    ]


def _is_saved(iterator: Any) -> bool:
    """Whether its user has it restored, by a saveable object."""
    return any(op.type == "DeserializeIterator" for op in iterator.consumers())
