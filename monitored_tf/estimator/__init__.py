"""`tf.estimator` for today's TensorFlow: input_fn and model_fn, unchanged.

    import monitored_tf.estimator as tf_estimator

A name is loaded when it is first used, and TensorFlow with it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitored_tf.estimator import export as export, inputs as inputs
    from monitored_tf.estimator.estimator_spec import (
        EstimatorSpec as EstimatorSpec,
    )
    from monitored_tf.estimator.mode_keys import ModeKeys as ModeKeys
    from monitored_tf.estimator.run_config import RunConfig as RunConfig

# Where each public name lives. The imports above tell type checkers the same.
_NAMES = {
    "estimator_spec": ("EstimatorSpec",),
    "mode_keys": ("ModeKeys",),
    "run_config": ("RunConfig",),
}
_MODULE_OF = {
    name: module for module, names in _NAMES.items() for name in names
}
_SUBMODULES = ("export", "inputs")
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(
        importlib.import_module(f"{__name__}.{module}"), name
    )
    return value


def __dir__() -> list[str]:
    return sorted((*__all__, *_SUBMODULES))
