"""The states of hooks, in a file beside each checkpoint.

`<checkpoint>.hooks.json` holds a JSON object:

    {"version": 1, "hooks": {"EarlyStopping": {"best": 0.25, "waited": 3}}}

The key of a hook is the name of its class; `#2`, `#3` follow where a session
has several of one.
"""

from __future__ import annotations

import collections
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from monitored_tf import errors

SUFFIX = ".hooks.json"
_VERSION = 1
_INDEX = ".index"
# Follows the checkpoint's name in that of the folder it is written in first.
_UNFINISHED = "_temp_"


def keyed(hooks: Iterable[Any]) -> dict[str, Any]:
    """Returns the hooks by their keys."""
    counts: collections.Counter[str] = collections.Counter()
    by_key = {}
    for hook in hooks:
        name = type(hook).__qualname__
        counts[name] += 1
        by_key[name if counts[name] == 1 else f"{name}#{counts[name]}"] = hook
    return by_key


def dumps(states: Mapping[str, Any]) -> str:
    """Returns the file's text.

    Args:
      states: What each hook's `state_dict()` returned, by the hook's key.

    Raises:
      InvalidHookStateError: if one can't be written as JSON.
    """
    for key, state in states.items():
        try:
            json.dumps(state, default=_plain, allow_nan=True)
        except (TypeError, ValueError) as error:
            raise errors.InvalidHookStateError(
                f"state_dict() of the hook {key} must return what JSON can "
                "hold: dicts with text as keys, lists, text, numbers, bools, "
                f"None; numpy's numbers and arrays too. {error}."
            ) from error
    content = {"version": _VERSION, "hooks": dict(states)}
    return json.dumps(content, default=_plain, indent=1) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"Got {value!r}, a {type(value).__name__}")


def read(checkpoint: str) -> dict[str, Any]:
    """Returns the states that were saved with a checkpoint, by hook's key.

    Empty where there are none. What can't be understood is a warning: the
    weights are whole without it.
    """
    path = checkpoint + SUFFIX
    try:
        with tf.io.gfile.GFile(path, "r") as file:
            content = json.loads(file.read())
    except tf.errors.NotFoundError:
        return {}
    except ValueError as error:  # No JSON, or no UTF-8.
        logging.warning(
            "The hooks' states in %s can't be read: %s", path, error
        )
        return {}
    states = content.get("hooks") if isinstance(content, dict) else None
    if not isinstance(states, dict) or content.get("version") != _VERSION:
        logging.warning(
            "The hooks' states in %s can't be understood: this version of "
            "monitored_tf writes and reads version %d.",
            path,
            _VERSION,
        )
        return {}
    return states


def remove_orphans(folder: str) -> None:
    """Removes the files of checkpoints that are not there any more.

    Other hooks may save into the folder, and remove files of it, meanwhile.
    """
    names = set(tf.io.gfile.listdir(folder))
    for name in names:
        if name.endswith(SUFFIX) and _is_orphan(folder, name, names):
            try:
                tf.io.gfile.remove(os.path.join(folder, name))
            except tf.errors.NotFoundError:
                logging.debug("%s is gone already.", name)


def _is_orphan(folder: str, name: str, names: set[str]) -> bool:
    checkpoint = name[: -len(SUFFIX)]
    # One that is being moved to its place gets its index last.
    if any(other.startswith(checkpoint + _UNFINISHED) for other in names):
        return False
    # Asked for once more: it may have got it since the names were read.
    index = checkpoint + _INDEX
    return index not in names and not tf.io.gfile.exists(
        os.path.join(folder, index)
    )
