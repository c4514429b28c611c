"""Checks of the tensors that receivers are made of."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

FEATURE_NAME = "feature"
LABEL_NAME = "label"
RECEIVER_NAME = "input"

_NAMES = {
    "feature": FEATURE_NAME,
    "label": LABEL_NAME,
    "receiver_tensor": RECEIVER_NAME,
    "receiver_tensors_alternative": RECEIVER_NAME,
}
_TENSOR_TYPES = (tf.Tensor, tf.SparseTensor, tf.RaggedTensor)


def wrap_and_check_input_tensors(
    tensors: Any, field_name: str, allow_int_keys: bool = False
) -> dict[Any, Any]:
    """Returns tensors by name: one that comes alone gets its field's name.

    Args:
      tensors: Tensor, SparseTensor or RaggedTensor, or a dict of such.
      field_name: "feature", "label", "receiver_tensor" or
        "receiver_tensors_alternative".
      allow_int_keys: Whether a key may be an int too.

    Returns:
      The dict that was given, or a new one.

    Raises:
      ValueError: There are none, a key is no string, or a value no tensor.
    """
    if tensors is None:
        raise ValueError(f"{field_name}s must be defined; got None.")
    if not isinstance(tensors, dict):
        check_tensor(tensors, field_name)
        return {_NAMES[field_name]: tensors}
    key_types = (str, int) if allow_int_keys else (str,)
    expected = "strings or ints" if allow_int_keys else "strings"
    for key, tensor in tensors.items():
        if not isinstance(key, key_types):
            raise ValueError(f"{field_name} keys must be {expected}: {key!r}.")
        check_tensor(tensor, f"{field_name} {key}")
    return tensors


def check_tensor(tensor: Any, described: str) -> None:
    """Checks that it is a Tensor, SparseTensor or RaggedTensor.

    Args:
      tensor: Any value.
      described: What the error calls it.

    Raises:
      ValueError: It is none.
    """
    if not isinstance(tensor, _TENSOR_TYPES):
        raise ValueError(
            f"{described} must be a Tensor, SparseTensor, or RaggedTensor. "
            f"It is {tensor!r}."
        )
