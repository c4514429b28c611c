"""The few private names of Keras that are needed, each with its reason.

Every function says what happens where the name is missing; its test runs on
the oldest and the newest TensorFlow.
"""
# ruff: noqa: SLF001  -- reaching into Keras is what this module is for.

from __future__ import annotations

import functools
import importlib
import sys
import types
from typing import Any

from absl import logging

_NAME_COUNTS = "object_name_uids"


def keras3() -> Any:
    """Returns the module of Keras 3 if something has imported it, else None.

    TensorFlow 2.16 and later import it themselves.
    """
    module = sys.modules.get("keras")
    version = getattr(module, "__version__", "")
    return module if version.partition(".")[0] == "3" else None


def exchange_name_counts(counts: Any) -> Any:
    """Gives Keras 3 the counts that make the names of its layers unique.

    They are one for all graphs of a thread; the public `clear_session()`
    empties them, but raises inside a graph. Where the name is missing, names
    go on counting from graph to graph, and the log says so.

    Args:
      counts: What counts from now on, a dict; None for what Keras makes.

    Returns:
      What counted before; None if nothing did.
    """
    if keras3() is None:
        return None
    state = _global_state()
    if state is None:
        return None
    before = state.get_global_attribute(_NAME_COUNTS)
    state.set_global_attribute(_NAME_COUNTS, counts)
    return before


def layer_that_opens(name_scope: Any) -> Any:
    """Returns the layer of Keras 3 that is opening a name scope right now.

    Nothing public tells which layer a scope is for. Where the names are
    missing, layers open scopes as they do.

    Args:
      name_scope: Name of the scope.

    Returns:
      None if it is no layer that opens it.
    """
    state = _global_state() if keras3() is not None else None
    stack = state and state.get_global_attribute("name_scope_stack")
    if not stack or getattr(stack[-1], "name", None) != name_scope:
        return None
    return getattr(stack[-1], "caller", None)


@functools.cache  # The warning comes once.
def _global_state() -> Any:
    name = "keras.src.backend.common.global_state"
    try:
        state = importlib.import_module(name)
    except ImportError:
        state = None
    functions = ("get_global_attribute", "set_global_attribute")
    if all(hasattr(state, function) for function in functions):
        return state
    logging.warning(
        "The automatic names of this Keras's layers cannot begin anew in each "
        "graph: give each layer a name, or checkpoints of one graph will not "
        "fit the next."
    )
    return None


def variable_class() -> Any:
    """Returns the class of Keras 3's variables.

    `keras.Variable` is public since Keras 3.3. None where it is missing.
    """
    public = getattr(keras3(), "Variable", None)
    if public is not None:
        return public
    try:
        return importlib.import_module("keras.src.backend").Variable
    except (ImportError, AttributeError):
        return None


def control_flow_context(operation: Any) -> Any:
    """Returns the v1 tf.cond or tf.while_loop around an op; None if none.

    What is in one cannot be run from outside, and TensorFlow says so only by
    an error. None where the name is missing.
    """
    get = getattr(operation, "_get_control_flow_context", None)
    return get and get()


def legacy_module(name: str) -> types.ModuleType | None:
    """Returns a module of tf_keras that was in `tf.compat.v1`.

    They have no public name there: TensorFlow itself finds them so, if
    TF_USE_LEGACY_KERAS is set.

    Args:
      name: "layers" or "rnn_cell".

    Returns:
      None if tf_keras is not installed, or has no such module any more.

    Raises:
      ImportError: if tf_keras is there and cannot be imported, as one of
        another TensorFlow.
    """
    path = f"tf_keras.api._v1.keras.__internal__.legacy.{name}"
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is not None and path.startswith(error.name):
            return None
        raise
