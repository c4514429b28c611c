"""Compares what is in a checkpoint with what a Saver will restore."""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from monitored_tf import checkpoint_index
from monitored_tf.restored_tensors import RestoreAction, RestoredTensor

_v1 = tf.compat.v1
_MOST_NAMES = 20
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_ADVICE = (
    'Restore the checkpoint of the same graph, or restore="available", which '
    "leaves out what differs and initializes it."
)


@dataclasses.dataclass(frozen=True)
class Contents:
    """What is in a checkpoint.

    Attributes:
      path: Its prefix.
      shapes: Shape of each tensor, as a tuple.
      dtypes: Dtype of each tensor.
      sliced: Names of those that are saved in slices, as far as is known.
    """

    path: str
    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, Any]
    sliced: Collection[str] = ()


def contents(path: str | os.PathLike[str]) -> Contents:
    """Reads names, shapes and dtypes of the tensors in a checkpoint.

    Its checksums are not compared: `checkpoint_files.problem` does that.

    Raises:
      FormatError: if its index can't be understood.
      tf.errors.OpError: if it can't be read.
    """
    prefix = os.fspath(path)
    index_path = f"{prefix}.index"
    if tf.io.gfile.exists(index_path):
        # TensorFlow's reader takes twice as long for the same.
        index = checkpoint_index.read(index_path)
        return Contents(prefix, index.shapes, index.dtypes, index.slices)
    # The older format.
    reader = _v1.train.NewCheckpointReader(prefix)
    shapes = reader.get_variable_to_shape_map()
    return Contents(
        prefix,
        {name: tuple(shape) for name, shape in shapes.items()},
        reader.get_variable_to_dtype_map(),
    )


@dataclasses.dataclass(frozen=True)
class Differences:
    """How a checkpoint differs from what is to be restored.

    Attributes:
      path: Prefix of the checkpoint.
      missing: Names that it lacks, with the name in it that is meant, or "".
      shapes: Names with the shape in the checkpoint and that of the graph.
      dtypes: Names with the dtype in the checkpoint and that of the graph.
      extra: Names that nothing restores. They keep nothing from working.
      is_object_based: Whether `tf.train.Checkpoint` wrote it.
    """

    path: str
    missing: Mapping[str, str]
    shapes: Mapping[str, tuple[str, str]]
    dtypes: Mapping[str, tuple[str, str]]
    extra: Sequence[str]
    is_object_based: bool

    def __bool__(self) -> bool:
        """Whether they keep the checkpoint from being restored."""
        return bool(self.missing or self.shapes or self.dtypes)

    def message(self) -> str:
        """Tells all differences, each name on its own line; "" if none."""
        if not self:
            return ""
        lines = [
            "Restoring from checkpoint failed for a mismatch between "
            f"{self.path} and the graph."
        ]
        lines += _listed("Missing in the checkpoint", _missing(self.missing))
        for what, items in (("shape", self.shapes), ("dtype", self.dtypes)):
            lines += _listed(
                f"Of another {what}",
                [
                    f"{name}: {saved} in the checkpoint, {wanted} in the graph"
                    for name, (saved, wanted) in sorted(items.items())
                ],
            )
        lines += _listed(
            "In the checkpoint only, which is no error", sorted(self.extra)
        )
        if self.is_object_based and self.missing:
            lines.append(
                "tf.train.Checkpoint wrote this checkpoint, under names that "
                "tf.compat.v1.train.Saver does not know."
            )
        return "\n".join([*lines, _ADVICE])


def differences(
    saved: Contents, actions: Iterable[RestoreAction]
) -> Differences:
    """Compares a checkpoint with what is to be restored from it.

    Args:
      saved: What is in the checkpoint.
      actions: What is to be restored: see `restored_tensors.restore_actions`.
    """
    missing: list[str] = []
    shapes = {}
    dtypes = {}
    restored = set()
    for tensor in (tensor for action in actions for tensor in action.tensors):
        name, dtype = tensor.name, tensor.dtype
        restored.add(name)
        saved_shape = saved.shapes.get(name)
        if saved_shape is None:
            missing.append(name)
            continue
        if not _same_shape(saved_shape, tensor):
            shapes[name] = (
                _shape_text(saved_shape),
                _shape_text(tensor.shape or ()),
            )
        if saved.dtypes[name] != dtype:
            dtypes[name] = (saved.dtypes[name].name, dtype.name)
    is_object_based = _OBJECT_GRAPH in saved.shapes
    extra = sorted(set(saved.shapes) - restored - {_OBJECT_GRAPH})
    nearest = _nearest(sorted(set(missing)), extra)
    return Differences(
        saved.path, nearest, shapes, dtypes, extra, is_object_based
    )


def difference(saved: Contents, tensor: RestoredTensor) -> str:
    """Returns how one tensor differs from the checkpoint's, or ""."""
    name = tensor.name
    if name not in saved.shapes:
        return "missing in the checkpoint"
    if not _same_shape(saved.shapes[name], tensor):
        return (
            f"its shape is {_shape_text(saved.shapes[name])} in the "
            f"checkpoint, {_shape_text(tensor.shape or ())} in the graph"
        )
    if saved.dtypes[name] != tensor.dtype:
        return (
            f"its dtype is {saved.dtypes[name].name} in the checkpoint, "
            f"{tensor.dtype.name} in the graph"
        )
    return ""


def _same_shape(saved: tuple[int, ...], tensor: RestoredTensor) -> bool:
    wanted = tensor.shape
    if wanted is None or saved == wanted:
        return True
    if tensor.reshaped:
        known = [size for size in wanted if size is not None]
        return len(known) < len(wanted) or math.prod(saved) == math.prod(known)
    return len(saved) == len(wanted) and all(
        size in (None, saved_size) for size, saved_size in zip(wanted, saved)
    )


def _shape_text(shape: Sequence[int | None]) -> str:
    return f"[{', '.join('?' if n is None else str(n) for n in shape)}]"


def _nearest(missing: Sequence[str], extra: Sequence[str]) -> dict[str, str]:
    """Returns for each name the one that may be meant by it, or ""."""
    nearest = dict.fromkeys(missing, "")
    # It takes milliseconds a name where there are many: for what is told only.
    for name in missing[:_MOST_NAMES]:
        found = difflib.get_close_matches(name, extra, n=1)
        nearest[name] = found[0] if found else ""
    return nearest


def _missing(names: Mapping[str, str]) -> list[str]:
    return [
        f"{name} (there is {meant})" if meant else name
        for name, meant in names.items()
    ]


def _listed(heading: str, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    lines = [f"{heading}:", *(f"  {item}" for item in items[:_MOST_NAMES])]
    if len(items) > _MOST_NAMES:
        lines.append(f"  and {len(items) - _MOST_NAMES} more")
    return lines
