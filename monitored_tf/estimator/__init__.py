"""`tf.estimator` for today's TensorFlow: input_fn and model_fn, unchanged.

    import monitored_tf.estimator as tf_estimator

A name is loaded when it is first used, and TensorFlow with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitored_tf import _lazy_names

if TYPE_CHECKING:
    from monitored_tf.estimator import export as export, inputs as inputs
    from monitored_tf.estimator.estimator import Estimator as Estimator
    from monitored_tf.estimator.estimator_spec import (
        EstimatorSpec as EstimatorSpec,
    )
    from monitored_tf.estimator.mode_keys import ModeKeys as ModeKeys
    from monitored_tf.estimator.run_config import RunConfig as RunConfig

# Where each public name lives. The imports above tell type checkers the same.
_NAMES = {
    "estimator.estimator": ("Estimator",),
    "estimator.estimator_spec": ("EstimatorSpec",),
    "estimator.mode_keys": ("ModeKeys",),
    "estimator.run_config": ("RunConfig",),
}
_SUBMODULES = ("export", "inputs")
_lazy = _lazy_names.LazyNames(__name__, _NAMES, _SUBMODULES)
__all__ = _lazy.all
__getattr__ = _lazy.get
__dir__ = _lazy.dir
