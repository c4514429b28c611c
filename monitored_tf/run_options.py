"""Merges RunOptions. Pure: no argument is changed."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

RunOptions = tf.compat.v1.RunOptions

# True is larger than False, so that booleans are or-ed by the same rule.
_LARGER_WINS = (
    "trace_level",
    "timeout_in_ms",
    "inter_op_thread_pool",
    "output_partition_graphs",
    "report_tensor_allocations_upon_oom",
)


def copy(options: Any) -> Any:
    """Returns a copy of the caller's options, empty ones if there are none.

    Anything but `RunOptions` is returned as it is: `Session.run` refuses it.
    """
    copied = RunOptions()
    if not options:
        return copied
    if not isinstance(options, RunOptions):
        return options
    copied.CopyFrom(options)
    return copied


def merge(first: Any, second: Any) -> Any:
    """Merges what two sides ask of one run.

    Args:
      first: `tf.compat.v1.RunOptions`; fields not named below come from it.
      second: `tf.compat.v1.RunOptions`.

    Returns:
      A new `RunOptions`: of numbers the larger, of booleans the or, the debug
      tensor watches of `first` followed by those of `second`.
    """
    merged = copy(first)
    for field in _LARGER_WINS:
        larger = max(getattr(first, field), getattr(second, field))
        setattr(merged, field, larger)
    _merge_debug_options(merged.debug_options, second.debug_options)
    return merged


def _merge_debug_options(into: Any, other: Any) -> None:
    into.debug_tensor_watch_opts.extend(other.debug_tensor_watch_opts)
    into.reset_disk_byte_usage |= other.reset_disk_byte_usage
