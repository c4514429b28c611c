"""What `tf.estimator.experimental` holds: hooks that end or watch training.

Its canned Estimators and what they are made of are left out.
"""

from __future__ import annotations

from typing import NoReturn

from monitored_tf.estimator import unavailable
from monitored_tf.estimator.early_stopping.early_stopping import (
    make_early_stopping_hook,
    stop_if_higher_hook,
    stop_if_lower_hook,
    stop_if_no_decrease_hook,
    stop_if_no_increase_hook,
)
from monitored_tf.estimator.early_stopping.stop_at_checkpoint_step import (
    make_stop_at_checkpoint_step_hook,
)
from monitored_tf.estimator.evaluate.in_memory_evaluator_hook import (
    InMemoryEvaluatorHook,
)
from monitored_tf.estimator.export import build_raw_supervised_input_receiver_fn
from monitored_tf.estimator.extenders import call_logit_fn

__all__ = [
    "InMemoryEvaluatorHook",
    "build_raw_supervised_input_receiver_fn",
    "call_logit_fn",
    "make_early_stopping_hook",
    "make_stop_at_checkpoint_step_hook",
    "stop_if_higher_hook",
    "stop_if_lower_hook",
    "stop_if_no_decrease_hook",
    "stop_if_no_increase_hook",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        unavailable.explain(name)
        or f"module {__name__!r} has no attribute {name!r}"
    )
