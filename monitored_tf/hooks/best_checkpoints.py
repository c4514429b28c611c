"""Keeps copies of the checkpoints of which a metric was best."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from monitored_tf import unfinished_files

_v1 = tf.compat.v1
_VALUES_FILE = "best.json"
_VERSION = 1


@dataclasses.dataclass(frozen=True)
class _Entry:
    """A checkpoint that is kept.

    Attributes:
      name: Its file name, without a folder.
      step: Its global step.
      value: The metric's.
    """

    name: str
    step: int
    value: float


class BestCheckpoints:
    """Copies the best checkpoints into a folder, and removes the others there.

    The folder has a state file of its own: `tf.train.latest_checkpoint(folder)`
    is the best one. Killed at any time, that file names only what is there.

    Args:
      folder: The folder; it is made.
      basename: Name of the checkpoints without the step.
      metric: Name of the metric.
      count: How many are kept.
      highest: Whether the highest values are best, not the lowest.
    """

    def __init__(
        self,
        folder: str,
        basename: str,
        metric: str,
        count: int,
        highest: bool = False,
    ) -> None:
        self._folder = folder
        self._basename = basename
        self._count = count
        self._sign = -1 if highest else 1
        self._measure = {"metric": metric, "mode": "max" if highest else "min"}
        self._entries: list[_Entry] | None = None

    def offer(self, path: str, step: int, value: Any) -> bool:
        """Copies a checkpoint if it is one of the best; returns whether it is.

        Args:
          path: Path of the checkpoint.
          step: Its global step.
          value: The metric's value. A NaN is never best.

        Raises:
          ValueError: if the value is no single number.
          tf.errors.OpError: if it could not be copied.
        """
        if np.size(value) != 1:
            raise ValueError(
                f"The metric {self._measure['metric']!r} of keep_best must be "
                f"one number. Got shape {np.shape(value)}."
            )
        entries = self._known()
        new = _Entry(os.path.basename(path), step, float(np.ravel(value)[0]))
        others = [entry for entry in entries if entry.name != new.name]
        if math.isnan(new.value) or new not in self._best([*others, new]):
            return False
        if len(others) < len(entries):  # The same step, saved again.
            self._keep_only(others, entries)
        # Listed before it is there: or if killed nobody would remove it.
        self._write_values([*others, new])
        self._copy(path)
        self._keep_only(self._best([*others, new]), [*others, new])
        return True

    def _known(self) -> list[_Entry]:
        if self._entries is None:
            tf.io.gfile.makedirs(self._folder)
            unfinished_files.remove_leftovers(self._folder, self._basename)
            listed = self._read_values()
            there = [entry for entry in listed if self._is_there(entry)]
            self._entries = self._best(there)
            if self._entries != listed:
                self._keep_only(self._entries, listed)
        return self._entries

    def _best(self, entries: Sequence[_Entry]) -> list[_Entry]:
        """Returns the best, from the best on. Of equal ones, the earlier."""
        ordered = sorted(entries, key=lambda entry: self._sign * entry.value)
        return ordered[: self._count]

    def _keep_only(self, kept: list[_Entry], listed: Sequence[_Entry]) -> None:
        # The state file first: it must name nothing that is gone.
        self._write_state(kept)
        for entry in listed:
            if entry not in kept:
                _remove(self._path(entry))
        self._write_values(kept)
        self._entries = kept

    def _copy(self, path: str) -> None:
        name = os.path.basename(path)
        aside = unfinished_files.folder_for(os.path.join(self._folder, name))
        try:
            for file in _files(path):
                target = os.path.join(aside, os.path.basename(file))
                tf.io.gfile.copy(file, target)
            unfinished_files.move_files(aside, self._folder)
        finally:
            unfinished_files.remove_tree(aside)

    def _write_state(self, kept: Sequence[_Entry]) -> None:
        paths = [self._path(entry) for entry in reversed(kept)]
        if paths:
            _v1.train.update_checkpoint_state(self._folder, paths[-1], paths)
        else:
            unfinished_files.remove_tree(
                os.path.join(self._folder, "checkpoint")
            )

    def _write_values(self, entries: Sequence[_Entry]) -> None:
        content = {
            "version": _VERSION,
            **self._measure,
            "checkpoints": [dataclasses.asdict(entry) for entry in entries],
        }
        path = os.path.join(self._folder, _VALUES_FILE)
        unfinished = f"{path}.{uuid.uuid4().hex}.tmp"
        try:
            with tf.io.gfile.GFile(unfinished, "w") as file:
                file.write(json.dumps(content, indent=2) + "\n")
            tf.io.gfile.rename(unfinished, path, overwrite=True)
        except tf.errors.OpError:
            unfinished_files.remove_tree(unfinished)
            raise

    def _read_values(self) -> list[_Entry]:
        path = os.path.join(self._folder, _VALUES_FILE)
        if not tf.io.gfile.exists(path):
            return []
        try:
            with tf.io.gfile.GFile(path, "r") as file:
                content = json.loads(file.read())
            found = {name: content[name] for name in self._measure}
            entries = [_entry(values) for values in content["checkpoints"]]
        except (ValueError, TypeError, KeyError) as error:
            logging.warning(
                "%s can't be understood (%r). The best checkpoints are found "
                "anew; those there stay.",
                path,
                error,
            )
            return []
        if found == self._measure:
            return entries
        logging.warning(
            "%s is about %s, not %s. The best checkpoints are found anew; "
            "those there stay.",
            path,
            found,
            self._measure,
        )
        return []

    def _is_there(self, entry: _Entry) -> bool:
        return bool(tf.io.gfile.exists(f"{self._path(entry)}.index"))

    def _path(self, entry: _Entry) -> str:
        return os.path.join(self._folder, entry.name)


def _entry(values: Any) -> _Entry:
    return _Entry(
        str(values["name"]), int(values["step"]), float(values["value"])
    )


def _files(path: str) -> list[str]:
    found: list[str] = tf.io.gfile.glob(unfinished_files.escaped(path) + ".*")
    return found


def _remove(path: str) -> None:
    # The index first: without it the rest is no checkpoint.
    for file in sorted(
        _files(path), key=unfinished_files.is_index, reverse=True
    ):
        unfinished_files.remove_tree(file)
