"""Restores a part of a checkpoint into a graph that is finalized.

The ops of a Saver read all its names, and fail where one is missing. But the
names are constants of the graph, which can be fed: in the place of a name that
is left out, another is read, and nobody takes what comes.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from monitored_tf import (
    checkpoint_differences,
    checkpoint_tensors,
    restored_tensors,
)
from monitored_tf.checkpoint_differences import Contents, Differences
from monitored_tf.restored_tensors import RestoreAction

STRICT = "strict"
AVAILABLE = "available"
_MOST_NAMES = 10


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """What is not restored, so that it keeps its initial value.

    Attributes:
      target: Name of the variable, or of another resource, in the graph.
      name: Its name in the checkpoint.
      reason: Why it is left out.
    """

    target: str
    name: str
    reason: str


@dataclasses.dataclass(frozen=True, eq=False)
class RestorePlan:
    """What is restored from a checkpoint, and what not.

    Attributes:
      saved: What is in the checkpoint.
      actions: What is restored.
      left_out: What is not.
      differences: What keeps the actions from being restored, if it is true.
      filename: The tensor that takes the path of the checkpoint.
    """

    saved: Contents
    actions: tuple[RestoreAction, ...]
    left_out: tuple[LeftOut, ...]
    differences: Differences
    filename: Any

    def only(self, targets: Collection[str]) -> RestorePlan:
        """Returns the plan that restores what it does of some targets."""
        actions = tuple(one for one in self.actions if one.target in targets)
        return dataclasses.replace(self, actions=actions)


def plan(
    saver: Any,
    graph: Any,
    path: str | os.PathLike[str],
    mode: str,
    optional: Collection[str] = (),
) -> RestorePlan:
    """Decides what is restored from a checkpoint.

    Args:
      saver: `tf.compat.v1.train.Saver` whose ops are in the graph.
      graph: The graph; it may be finalized.
      path: Prefix of the checkpoint.
      mode: "strict" for all that the saver knows; "available" for what is in
        the checkpoint with the same shape and dtype; else a regular
        expression that the names of what is restored begin with.
      optional: Names, in the graph, of what is left out in each mode if it is
        not in the checkpoint like that.

    Raises:
      ValueError: if the mode is no regular expression, or matches no name.
      tf.errors.OpError: if the checkpoint can't be read.
    """
    actions = restored_tensors.restore_actions(saver, graph)
    # Before the checkpoint is read: it may be far away.
    asked_for = _asked_for(actions, mode)
    saved = checkpoint_differences.contents(path)
    kept, left_out = [], []
    for action in actions:
        if action not in asked_for:
            reason = f"{mode!r} does not match its name"
        elif mode == AVAILABLE or action.target in optional:
            reason = _what_differs(saved, action)
        else:
            reason = ""
        if reason:
            name = action.tensors[0].name if action.tensors else ""
            left_out.append(LeftOut(action.target, name, reason))
        else:
            kept.append(action)
    return RestorePlan(
        saved,
        tuple(kept),
        tuple(left_out),
        checkpoint_differences.differences(saved, kept),
        _filename(saver, graph),
    )


def restore(session: Any, plan: RestorePlan) -> None:
    """Restores what is planned; all else keeps its value.

    Args:
      session: `tf.compat.v1.Session` of the graph, with its variables
        initialized.
      plan: From `plan`. Its `differences` must be false.

    Raises:
      tf.errors.OpError: if the checkpoint can't be read or does not fit.
      ValueError: if the state of an iterator can't be restored without what is
        left out, which needs a dtype that the checkpoint lacks.
    """
    if not plan.actions:
        return
    feeds = {plan.filename: plan.saved.path}
    for restore_op, outputs in _outputs_by_op(plan.actions).items():
        feeds.update(_feeds(restore_op, outputs, plan.saved))
    session.run([action.op for action in plan.actions], feeds)


def _asked_for(
    actions: Sequence[RestoreAction], mode: str
) -> set[RestoreAction]:
    if mode in (STRICT, AVAILABLE):
        return set(actions)
    pattern = _compiled(mode)
    matching = {
        action
        for action in actions
        if any(pattern.match(tensor.name) for tensor in action.tensors)
    }
    if not matching:
        names = [one.name for action in actions for one in action.tensors]
        raise ValueError(
            f"restore={mode!r} matches none of the {len(names)} names that "
            f"the saver knows: {', '.join(names[:_MOST_NAMES])}. A regular "
            "expression must match from the beginning of a name."
        )
    return matching


def _filename(saver: Any, graph: Any) -> Any:
    saver_def = saver.as_saver_def()
    if saver_def is None:  # There is nothing to restore.
        return None
    return graph.get_tensor_by_name(saver_def.filename_tensor_name)


def _compiled(mode: str) -> re.Pattern[str]:
    try:
        return re.compile(mode)
    except (re.error, TypeError) as error:
        raise ValueError(
            f'restore must be "{STRICT}", "{AVAILABLE}" or a regular '
            f"expression for names of variables. Got {mode!r}: {error}."
        ) from error


def _what_differs(saved: Contents, action: RestoreAction) -> str:
    for tensor in action.tensors:
        reason = checkpoint_differences.difference(saved, tensor)
        if reason:
            return reason
    return ""


def _outputs_by_op(kept: Iterable[RestoreAction]) -> dict[Any, set[int]]:
    outputs: dict[Any, set[int]] = {}
    for action in kept:
        for tensor in action.tensors:
            indices = outputs.setdefault(tensor.output.op, set())
            indices.add(tensor.output.value_index)
    return outputs


def _feeds(restore_op: Any, kept: set[int], saved: Contents) -> dict[Any, Any]:
    """Returns what makes a RestoreV2 op read no more than what is kept."""
    names, slice_specs = restored_tensors.names_and_slices(restore_op)
    if len(kept) == len(names):
        return {}
    stand_ins = _stand_ins(saved)
    inputs = restore_op.inputs[1:3]
    may_be_fed = all(map(restore_op.graph.is_feedable, inputs))
    for index, output in enumerate(restore_op.outputs):
        if index in kept:
            continue
        if output.dtype not in stand_ins or not may_be_fed:
            return _values(restore_op, sorted(kept), saved.path)
        names[index], slice_specs[index] = stand_ins[output.dtype], ""
    return dict(zip(inputs, (names, slice_specs)))


def _stand_ins(saved: Contents) -> dict[Any, str]:
    """Returns the name of the smallest tensor of each dtype."""
    sizes = {name: math.prod(shape) for name, shape in saved.shapes.items()}
    stand_ins = {}
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        # One that is saved in slices may lack some of them.
        if name not in saved.sliced:
            stand_ins[saved.dtypes[name]] = name
    return stand_ins


def _values(restore_op: Any, kept: Sequence[int], path: str) -> dict[Any, Any]:
    """Returns the values themselves: they pass through this process.

    For where no tensor of the checkpoint has the dtype of what is left out.
    """
    names, slice_specs = restored_tensors.names_and_slices(restore_op)
    outputs = [restore_op.outputs[index] for index in kept]
    for index in kept:
        if restore_op.outputs[index].dtype in checkpoint_tensors.OPAQUE:
            raise ValueError(
                f"{names[index]} can't be restored from {path} without what "
                "is left out, because it is the state of an iterator or "
                "another that has no value in Python, and no tensor in the "
                "checkpoint has the dtype of what is left out. Give it a "
                "Saver of its own."
            )
    values = checkpoint_tensors.values(
        path,
        [names[index] for index in kept],
        [slice_specs[index] for index in kept],
        [output.dtype for output in outputs],
    )
    return dict(zip(outputs, values))
