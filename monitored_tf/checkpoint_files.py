"""Finds checkpoints in a folder and tells whether their files are whole.

On checkpoints of `tf.compat.v1.train.Saver` of both formats, and on those of
`tf.train.Checkpoint`. Nothing is raised but TensorFlow's own errors, where a
file system can't be reached.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from monitored_tf import checkpoint_index, checkpoint_tensors, error_text

_v1 = tf.compat.v1
_SHARD = re.compile(r"(.+)\.data-\d{5}-of-\d{5}")
_STEP = re.compile(r"-(\d+)(?:-\?{5}-of-\d{5})?$")
# Of the older format: many files, named by one pattern.
_V1_SHARD = re.compile(r"(.+)-\d{5}-of-(\d{5})")
_V1_PREFIX = re.compile(r"-\?{5}-of-(\d{5})$")


@dataclasses.dataclass(frozen=True)
class Candidates:
    """The checkpoints of a folder.

    Attributes:
      paths: Their prefixes, from the newest to the oldest, whole or not.
      state_file_problem: What is wrong with the state file, or "".
    """

    paths: tuple[str, ...]
    state_file_problem: str = ""


def candidates(
    checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None
) -> Candidates:
    """Returns the checkpoints of a folder, from the newest to the oldest.

    First those that the state file names, then others that are found: by the
    step in their names, those without one last, by their time.

    Args:
      checkpoint_dir: The folder. That it does not exist is no error.
      latest_filename: Name of the state file; "checkpoint" by default.
    """
    folder = os.fspath(checkpoint_dir)
    named, state_file_problem = _state(folder, latest_filename)
    found = _found(folder)
    if not named and not found and not _is_file(folder, latest_filename):
        state_file_problem = ""  # Nothing was ever saved here.
    known = {os.path.normpath(path) for path in named}
    others = [path for path in found if os.path.normpath(path) not in known]
    return Candidates((*named, *others), state_file_problem)


def problem(path: str | os.PathLike[str], full: bool = False) -> str:
    """Returns what is wrong with a checkpoint as a clause, or "".

    Args:
      path: Its prefix, as `Saver.save` returns it.
      full: Whether to read all tensors too, one at a time, and to compare
        their checksums. Otherwise index and lengths of all files are checked.

    Raises:
      tf.errors.OpError: if the file system can't be reached for now.
    """
    prefix = os.fspath(path)
    try:
        if tf.io.gfile.exists(f"{prefix}.index"):
            return _problem_of_v2(prefix, full)
        return _problem_of_v1(prefix, full)
    except checkpoint_tensors.PASSING:
        raise
    except tf.errors.OpError as error:
        name = os.path.basename(prefix)
        return f"{name} can't be read: {error_text.describe(error)}"


def _state(folder: str, latest_filename: str | None) -> tuple[list[str], str]:
    """Returns the paths that the state file names, and what is wrong in it."""
    file = (
        f"the state file {os.path.join(folder, _state_name(latest_filename))}"
    )
    if not _is_file(folder, latest_filename):
        return [], f"{file} is missing"
    try:
        state = tf.train.get_checkpoint_state(folder, latest_filename)
    # Text that is no UTF-8, or that names no checkpoint.
    except ValueError as error:
        return [], f"{file} can't be understood: {error_text.describe(error)}"
    if state is None:
        return [], f"{file} can't be understood"
    paths = [
        state.model_checkpoint_path,
        *reversed(state.all_model_checkpoint_paths),
    ]
    return list(dict.fromkeys(paths)), ""


def _state_name(latest_filename: str | None) -> str:
    return latest_filename or "checkpoint"


def _is_file(folder: str, latest_filename: str | None) -> bool:
    path = os.path.join(folder, _state_name(latest_filename))
    return bool(tf.io.gfile.exists(path))


def _found(folder: str) -> list[str]:
    """Returns the checkpoints that are in a folder, newest first."""
    if not tf.io.gfile.isdir(folder):
        return []
    names = set(tf.io.gfile.listdir(folder))
    newest: dict[str, tuple[int, float]] = {}
    for prefix, file in _prefixes(names):
        step = _STEP.search(prefix)
        time = 0.0 if step else _time(os.path.join(folder, file))
        newest[prefix] = max(
            newest.get(prefix, (-1, 0.0)), (int(step[1]) if step else -1, time)
        )
    ordered = sorted(newest, key=lambda prefix: (newest[prefix], prefix))
    return [os.path.join(folder, prefix) for prefix in reversed(ordered)]


def _prefixes(names: set[str]) -> Iterable[tuple[str, str]]:
    """Yields prefixes of checkpoints, each with a file of it."""
    for name in names:
        shard = _SHARD.fullmatch(name)
        v1_shard = _V1_SHARD.fullmatch(name)
        if shard:
            yield shard[1], name
        elif name.endswith(".index"):
            yield name[: -len(".index")], name
        elif f"{name}.meta" in names:  # Of the older format.
            yield name, name
        elif v1_shard and f"{v1_shard[1]}.meta" in names:
            yield f"{v1_shard[1]}-?????-of-{v1_shard[2]}", name


def _time(path: str) -> float:
    try:
        return float(tf.io.gfile.stat(path).mtime_nsec)
    except tf.errors.NotFoundError:  # Deleted since the folder was listed.
        return 0.0


def _problem_of_v2(prefix: str, full: bool) -> str:
    name = os.path.basename(prefix)
    try:
        index = checkpoint_index.read(f"{prefix}.index")
    except checkpoint_index.FormatError as error:
        return f"{name}.index can't be read: {error}"
    # Compares the checksums of the index.
    reader, clause = _reader(prefix, f"{name}.index")
    if clause:
        return clause
    readable = len(reader.get_variable_to_shape_map())
    if readable != len(index.shapes):
        return (
            f"{name}.index is damaged: of its {len(index.shapes)} tensors only "
            f"{readable} can be read"
        )
    return _problem_of_shards(prefix, index.shard_bytes) or (
        checkpoint_tensors.problem(prefix, reader, index.slices) if full else ""
    )


def _problem_of_shards(prefix: str, shard_bytes: tuple[int, ...]) -> str:
    count = len(shard_bytes)
    for shard, needed in enumerate(shard_bytes):
        path = f"{prefix}.data-{shard:05d}-of-{count:05d}"
        name = os.path.basename(path)
        try:
            length = tf.io.gfile.stat(path).length
        except tf.errors.NotFoundError:
            return f"{name} is missing"
        if length < needed:
            return f"{name} has {length} bytes, {needed} expected by the index"
    return ""


def _problem_of_v1(prefix: str, full: bool) -> str:
    name = os.path.basename(prefix)
    shards = _V1_PREFIX.search(prefix)
    if shards:
        there, needed = len(tf.io.gfile.glob(prefix)), int(shards[1])
        if there < needed:
            return f"{name}: {there} of its {needed} files are there"
    elif not tf.io.gfile.exists(prefix):
        return f"{name}.index is missing"
    reader, clause = _reader(prefix, name)
    if not clause and full:
        return checkpoint_tensors.problem(prefix, reader, {})
    return clause


def _reader(prefix: str, name: str) -> tuple[Any, str]:
    """Returns TensorFlow's reader, or what keeps the file from being read."""
    try:
        # load_checkpoint() would take a folder of this name instead.
        return _v1.train.NewCheckpointReader(prefix), ""
    except checkpoint_tensors.PASSING:
        raise
    except (tf.errors.OpError, ValueError) as error:
        return (
            None,
            f"{name} can't be read: {error_text.describe(error)}",
        )
