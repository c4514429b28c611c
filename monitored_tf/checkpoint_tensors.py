"""Reads tensors of a checkpoint: to check them, or for their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from monitored_tf import error_text

_v1 = tf.compat.v1
# They say nothing of the checkpoint: another attempt may find it whole.
PASSING = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.ResourceExhaustedError,
    tf.errors.UnavailableError,
)
# Have no values in Python; the state of a dataset's iterator is a variant.
OPAQUE = (tf.variant, tf.resource)


def problem(
    prefix: str, reader: Any, slices: Mapping[str, Sequence[str]]
) -> str:
    """Reads all tensors, one at a time, and compares their checksums.

    Args:
      prefix: Path of the checkpoint.
      reader: TensorFlow's reader of it.
      slices: The slices of each tensor that is saved in slices.

    Returns:
      What is wrong with the first tensor that can't be read, or "".
    """
    shapes = reader.get_variable_to_shape_map()
    for name, dtype in reader.get_variable_to_dtype_map().items():
        try:
            if dtype in OPAQUE:
                _restore_only(prefix, name, "", dtype)
            elif name in slices:  # Maybe not all of them.
                shape = " ".join(map(str, shapes[name]))
                for one in slices[name]:
                    _restore_only(prefix, name, f"{shape} {one}", dtype)
            else:
                reader.get_tensor(name)
        except PASSING:
            raise
        # The reader turns what it does not know into a ValueError.
        except (tf.errors.OpError, ValueError) as error:
            return (
                f"its tensor {name} can't be read: {error_text.describe(error)}"
            )
    return ""


def values(
    prefix: str,
    names: Sequence[str],
    slice_specs: Sequence[str],
    dtypes: Sequence[Any],
) -> list[Any]:
    """Returns tensors, or slices of them, as arrays."""
    with tf.Graph().as_default(), _v1.Session() as session:
        tensors = _restore(prefix, names, slice_specs, dtypes)
        result: list[Any] = session.run(tensors)
    return result


def _restore_only(prefix: str, name: str, slice_spec: str, dtype: Any) -> None:
    with tf.Graph().as_default(), _v1.Session() as session:
        (tensor,) = _restore(prefix, [name], [slice_spec], [dtype])
        session.run(tensor.op)


def _restore(
    prefix: str,
    names: Sequence[str],
    slice_specs: Sequence[str],
    dtypes: Sequence[Any],
) -> Any:
    with _v1.device("/cpu:0"):
        return tf.raw_ops.RestoreV2(
            prefix=prefix,
            tensor_names=list(names),
            shape_and_slices=list(slice_specs),
            dtypes=list(dtypes),
        )
