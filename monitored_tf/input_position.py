"""Input whose position is saved with the variables and restored with them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from absl import logging as absl_logging

from monitored_tf import dataset_ops, errors
from monitored_tf.error_text import describe

_v1 = tf.compat.v1
# Holds the initializers. Not TABLE_INITIALIZERS: those run after a restore,
# and would take each input back to its first element.
_COLLECTION = "monitored_tf/input_initializers"


class UnsaveableInputError(errors.MonitoredTFError, ValueError):
    """The position of a `resumable_input` can't be saved."""


def resumable_input(
    dataset: Any,
    name: str | None = None,
    *,
    resumable: bool = True,
    ignore_op_state: bool = False,
) -> Any:
    """Returns the next element of a dataset that goes on where it was.

    Its position is in each checkpoint that the Scaffold's default saver
    writes, shuffled and prefetched elements among it. After a recovery and
    after a restart the step that follows the checkpoint gets the element that
    follows. In `MonitoredTrainingSession` and the sessions of
    `ChiefSessionCreator` nothing else is to be done:

        features, labels = monitored_tf.resumable_input(dataset)

    A dataset that has come to its end stays there: let one that is read
    several times `repeat()`. From a checkpoint that does not have its position
    it begins at its first element, and so it does with each session of a
    worker that is no chief, as no checkpoint knows what that one has read. If
    the chief goes on from variables that live in the cluster, the position is
    still that of the newest checkpoint. A shuffle without a seed goes on with
    the order that it had. Elements that wait in a queue of the graph are lost.

    It is for training: an input of an evaluation, which is to begin at its
    first element each time, needs `resumable=False`. To export the graph of a
    training use `session.export_saved_model()`.

    A generator and the state of ops can't be saved. An error says so when the
    first session is made.

    Args:
      dataset: `tf.data.Dataset` of the default graph that needs no feed.
      name: Name scope of the ops, and by that of the position in checkpoints.
        Give each of several inputs its own, so that none takes the position of
        another when their order changes. Give another name to begin at the
        first element after the pipeline was changed.
      resumable: False for a dataset that can't be saved: it begins at its first
        element with each session.
      ignore_op_state: True where the state of its ops does not matter: for
        random distortions, or `tf.numpy_function` of a pure function.

    Returns:
      What the dataset's elements look like, of tensors. Each run takes the next
      element, however many of the tensors it fetches.

    Raises:
      RuntimeError: if eager execution is on.
      TypeError: if it is no `tf.data.Dataset`.
      ValueError: if it needs a feed.
      UnsaveableInputError: if it has a generator, and `ignore_op_state` would
        hide it until the first save.
    """
    if tf.executing_eagerly():
        raise RuntimeError(
            "resumable_input() makes ops of a graph, and eager execution is "
            "on. Call it where the model is built: with "
            "tf.Graph().as_default(): ..."
        )
    if not isinstance(dataset, tf.data.Dataset):
        raise TypeError(f"dataset must be a tf.data.Dataset. Got {dataset!r}.")
    with _v1.name_scope(name or "resumable_input"):
        iterator = _v1.data.make_initializable_iterator(dataset)
        _check_needs_no_feed(iterator.initializer)
        if resumable:
            if ignore_op_state:
                _check_has_no_generator(iterator.initializer)
            saveable = _saveable(iterator, ignore_op_state)
            _v1.add_to_collection(_v1.GraphKeys.SAVEABLE_OBJECTS, saveable)
        _v1.add_to_collection(_COLLECTION, iterator.initializer)
        return iterator.get_next()


def _check_needs_no_feed(initializer: Any) -> None:
    placeholders = dataset_ops.feeds(initializer)
    if placeholders:
        raise ValueError(
            f"The dataset needs {', '.join(placeholders)} to be fed, and the "
            "sessions that a recovery makes have nothing to feed. Build it "
            "from values or from files."
        )


def _saveable(iterator: Any, ignore_op_state: bool) -> Any:
    with _no_deprecation():
        return tf.data.experimental.make_saveable_from_iterator(
            iterator, "ignore" if ignore_op_state else "fail"
        )


def _check_has_no_generator(initializer: Any) -> None:
    if "GeneratorDataset" in dataset_ops.op_types(initializer):
        raise UnsaveableInputError(
            _unsaveable(initializer, "GeneratorDataset has no state to save.")
        )


@contextlib.contextmanager
def _no_deprecation() -> Iterator[None]:
    # What is meant for the users of Saver is called deprecated; to save an
    # iterator with one there is no other public way.
    logger = tf.get_logger()
    logger.addFilter(_is_no_deprecation)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_deprecation)


def _is_no_deprecation(record: logging.LogRecord) -> bool:
    return "make_saveable_from_iterator" not in record.getMessage()


def initializers(graph: Any) -> list[Any]:
    """Returns the ops that take each input to its first element."""
    return list(graph.get_collection(_COLLECTION))


def resumable_iterators(graph: Any) -> frozenset[str]:
    """Returns the names of the iterators whose positions are saved."""
    return frozenset(
        dataset_ops.iterator_of(initializer).op.name
        for initializer in initializers(graph)
        if dataset_ops.serializers(initializer)
    )


def begin(session: Any) -> None:
    """Takes each input to its first element, and looks if it can be saved.

    Args:
      session: `tf.compat.v1.Session`.

    Raises:
      UnsaveableInputError: if one can't.
    """
    ops = initializers(session.graph)
    if ops:
        session.run(ops)
        _warn_if_unsaved(ops)
    for initializer in ops:
        for serialize in dataset_ops.serializers(initializer):
            try:
                session.run(serialize)
            except (
                tf.errors.FailedPreconditionError,
                tf.errors.UnimplementedError,
            ) as error:
                raise UnsaveableInputError(
                    _unsaveable(initializer, describe(error))
                ) from error


def _warn_if_unsaved(ops: list[Any]) -> None:
    unsaved = [
        dataset_ops.iterator_of(op).op.name
        for op in ops
        for serialize in dataset_ops.serializers(op)
        if not serialize.outputs[0].consumers()
    ]
    if unsaved:
        absl_logging.warning(
            "No Saver saves the positions of these inputs: %s. They begin at "
            "their first elements after each recovery and restart. Make the "
            "Saver after the input, with tf.compat.v1.GraphKeys."
            "SAVEABLE_OBJECTS among its variables.",
            ", ".join(unsaved),
        )


def prepare_restore(session: Any) -> None:
    """Makes that positions can be restored: an iterator must have begun.

    Args:
      session: `tf.compat.v1.Session`.

    Raises:
      UnsaveableInputError: if the position of an input can't be saved.
    """
    begin(session)
    if initializers(session.graph):
        # An interleave calls its function again, which may look up a table.
        tables = _v1.GraphKeys.TABLE_INITIALIZERS
        session.run(session.graph.get_collection(tables))


def _unsaveable(initializer: Any, why: str) -> str:
    name = dataset_ops.iterator_of(initializer).op.name
    return (
        f"The position of the input {name} can't be saved: {why} Do without "
        "that op (files for a generator, tf.random.stateless_* for "
        "tf.random.*); or give resumable_input(..., ignore_op_state=True) if "
        "only its state is lost and that does not matter; or resumable=False, "
        "to begin at the first element with each session."
    )


def misfit(error: Exception, path: str) -> str:
    """Returns what a restore met if a pipeline was changed; "" otherwise.

    Args:
      error: What the restore raised.
      path: Prefix of the checkpoint.
    """
    op = getattr(error, "op", None)
    if op is None or op.type != "DeserializeIterator":
        return ""
    return (
        f"{path} has the position of the input {op.inputs[0].op.name} in a "
        "pipeline that was another one. Build the dataset as it was, or give "
        "resumable_input() another name= to begin at the first element."
    )
