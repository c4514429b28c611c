"""Modules that code written for TensorFlow 1 looks for, and that are gone."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from typing import Any

from monitored_tf import legacy_layers

_ESTIMATOR = "monitored_tf.estimator"
_PLACES_OF_ESTIMATOR = (
    "tensorflow",
    "tensorflow.compat.v1",
    "tensorflow.compat.v2",
)
# TensorFlow's own module for tf_slim's batch_norm looks for it there, where
# tf_keras has it no more.
_NORMALIZATION = "tf_keras.legacy_tf_layers.normalization"


def attributes(estimator: bool) -> list[tuple[types.ModuleType, str, Any]]:
    """Returns module, name and value of each that legacy code looks for.

    Args:
      estimator: Whether `tf.estimator` is one of them.
    """
    # TensorFlow keeps copies of these under two names. The second is made when
    # it is first imported, and would lack what the first was given.
    for name in (*_PLACES_OF_ESTIMATOR, "tensorflow.compat.v1.nn"):
        importlib.import_module(name)
    wanted: list[tuple[types.ModuleType, str, Any]] = []
    if estimator:
        ours = importlib.import_module(_ESTIMATOR)
        for ending in ("tensorflow", ".compat.v1", ".compat.v2"):
            wanted += [(m, "estimator", ours) for m in _copies(ending)]
    if legacy_layers.are_missing():
        for module in _copies(".compat.v1"):
            wanted.append((module, "layers", legacy_layers.LAYERS))
        for module in _copies(".compat.v1.nn"):
            wanted.append((module, "rnn_cell", legacy_layers.RNN_CELL))
    return wanted


def imports(estimator: bool) -> dict[str, types.ModuleType]:
    """Returns what `import` shall find under which full name.

    Args:
      estimator: As for `attributes`.
    """
    found: dict[str, types.ModuleType] = {}
    if estimator:
        for place in _PLACES_OF_ESTIMATOR:
            # Or importing export from there would load a second copy of ours.
            for name in ("", ".experimental", ".export", ".inputs"):
                if importlib.util.find_spec(_ESTIMATOR + name) is not None:
                    module = importlib.import_module(_ESTIMATOR + name)
                    found[f"{place}.estimator{name}"] = module
    if legacy_layers.are_missing():
        for module in (legacy_layers.LAYERS, legacy_layers.RNN_CELL):
            found[module.__name__] = module
        found[_NORMALIZATION] = legacy_layers.LAYERS
    return found


def _copies(ending: str) -> list[types.ModuleType]:
    """Returns the modules of TensorFlow whose names end so."""
    return [
        module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "tensorflow"
        and name.endswith(ending)
        and isinstance(module, types.ModuleType)
    ]
