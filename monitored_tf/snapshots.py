"""The values of one step, put aside so that training can go on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Protocol

import tensorflow as tf
from absl import logging

from monitored_tf import remote_master, saving_ops, scratch_folder
from monitored_tf.saving_ops import SavingOps

_Saver = tf.compat.v1.train.Saver
_BASENAME = "snapshot"
# Of a tensor, on the average: a smaller one is written sooner than fetched.
_LEAST_BYTES = 8192


class Snapshot(Protocol):
    """What is to be a checkpoint."""

    def write(self, prefix: str) -> str:
        """Writes the checkpoint's files.

        Args:
          prefix: Path of the checkpoint.

        Returns:
          What the saving op would return.

        Raises:
          tf.errors.OpError: if they can't be written there.
        """

    def release(self) -> None:
        """Frees the memory that it takes."""


class FetchedSnapshot:
    """The values as arrays.

    Args:
      ops: What writes them.
      values: The values.
      others: Contents of the files that go beside them, by what comes behind
        the path.
    """

    def __init__(
        self, ops: SavingOps, values: Sequence[Any], others: Mapping[str, bytes]
    ) -> None:
        self._ops = ops
        self._values = values
        self._others = others

    def write(self, prefix: str) -> str:
        """Writes the checkpoint's files."""
        written = self._ops.save(self._values, prefix)
        for ending, content in self._others.items():
            with tf.io.gfile.GFile(prefix + ending, "wb") as file:
                file.write(content)
        return written

    def release(self) -> None:
        """Forgets the values."""
        self._values = ()


class WrittenSnapshot:
    """A checkpoint's files in a folder of this machine's memory.

    Args:
      folder: The folder.
      prefix: Path that was given to what wrote the files.
      written: What it returned.
    """

    def __init__(
        self, folder: scratch_folder.ScratchFolder, prefix: str, written: str
    ) -> None:
        self._folder = folder
        self._prefix = prefix
        self._written = written

    def write(self, prefix: str) -> str:
        """Copies its files."""
        for name in os.listdir(self._folder.path):
            path = os.path.join(self._folder.path, name)
            tf.io.gfile.copy(path, prefix + path[len(self._prefix) :])
        return prefix + self._written[len(self._prefix) :]

    def release(self) -> None:
        """Removes its files."""
        self._folder.remove()


class Snapshots:
    """Takes snapshots of what one saver saves.

    Args:
      saver: A `tf.compat.v1.train.Saver`.
    """

    def __init__(self, saver: Any) -> None:
        self._saver = saver
        self._graph: Any = None
        self._ops: SavingOps | None = None
        self._size_bytes = 0

    def fetched(
        self, session: Any, others: Callable[[], Mapping[str, bytes]]
    ) -> FetchedSnapshot | None:
        """Returns the values as arrays; None if files are to be had instead.

        That is where the values are none of Python's, or many small ones, or
        there is no memory for them.

        Args:
          session: The session.
          others: Returns the contents of the files that go beside them, by
            what comes behind the path.
        """
        graph = session.graph
        if self._graph is not graph:
            self._graph = graph
            self._ops = saving_ops.found(self._saver, graph)
            self._size_bytes = _variables_bytes(graph)
        if self._ops is None or self._size_bytes < _LEAST_BYTES * len(
            self._ops
        ):
            return None
        try:
            values = self._ops.fetch(session)
        except MemoryError:
            logging.warning(
                "No memory for a copy of the variables: trying files."
            )
            return None
        return FetchedSnapshot(self._ops, values, others())

    def written(self, write: Callable[[str], str]) -> WrittenSnapshot:
        """Returns files in memory, or in the folder for temporary files.

        Args:
          write: Writes a checkpoint; returns what the saving op returns.

        Raises:
          Whatever `write` raises.
        """
        *first, last = scratch_folder.parents(self._size_bytes)
        for parent in first:
            try:
                return _written_in(parent, write)
            except tf.errors.ResourceExhaustedError:
                logging.warning("%s is full: trying %s.", parent, last)
        return _written_in(last, write)


def _written_in(parent: str, write: Callable[[str], str]) -> WrittenSnapshot:
    folder = scratch_folder.ScratchFolder(parent)
    prefix = os.path.join(folder.path, _BASENAME)
    try:
        return WrittenSnapshot(folder, prefix, write(prefix))
    except BaseException:
        folder.remove()
        raise


def _variables_bytes(graph: Any) -> int:
    """Returns how large a checkpoint of all global variables is, or less."""
    variables = graph.get_collection(tf.compat.v1.GraphKeys.GLOBAL_VARIABLES)
    return sum(
        variable.dtype.size * (variable.shape.num_elements() or 0)
        for variable in variables
    )


def check_possible(saver: Any, session: Any) -> None:
    """Raises ValueError unless these saves can go on in the background.

    Args:
      saver: What saves.
      session: The raw session.
    """
    master = tf.compat.as_str_any(getattr(session, "sess_str", b""))
    if remote_master.is_remote(master):
        raise ValueError(remote_message(master))
    is_plain = isinstance(saver, _Saver) and type(saver).save is _Saver.save
    if not is_plain:
        raise ValueError(
            "async_save=True needs a tf.compat.v1.train.Saver with the save() "
            f"of that class: what another one does is not known. Got {saver!r}."
            " Leave async_save out."
        )


def remote_message(master: str) -> str:
    """Returns why sessions of a cluster can't save in the background."""
    return (
        f"async_save=True is for sessions in this process. Got the master "
        f"{master!r}, whose tasks write into file systems of their own. Leave "
        "async_save out."
    )
