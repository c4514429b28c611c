"""What all outputs of a model have in common, and checks of their tensors."""

from __future__ import annotations

import abc
from typing import Any

import tensorflow as tf


class ExportOutput(abc.ABC):
    """Outputs of a model under one signature of a SavedModel.

    A subclass holds tensors and says which signature they make with the
    inputs of a receiver.
    """

    @abc.abstractmethod
    def as_signature_def(self, receiver_tensors: Any) -> Any:
        """Returns the SignatureDef of these outputs.

        Args:
          receiver_tensors: Dict of the tensors that will be fed, by name.

        Returns:
          `SignatureDef` proto.

        Raises:
          ValueError: The inputs do not suit this kind of output.
        """


def named_tensors(
    outputs: Any, default_name: str, label: str
) -> dict[str, Any]:
    """Returns outputs as a new dict of tensors by name.

    Args:
      outputs: Tensor, or dict of tensors by name.
      default_name: Name of the tensor if it comes alone.
      label: What errors call the outputs.

    Raises:
      ValueError: A name is no string and no tuple of them, or a value no
        tensor.
    """
    if not isinstance(outputs, dict):
        outputs = {default_name: outputs}
    tensors = {}
    for key, value in outputs.items():
        if not isinstance(value, tf.Tensor):
            raise ValueError(
                f"{label} output value must be a Tensor; got {value!r} as "
                f"{key!r}. tf.convert_to_tensor makes one of most values."
            )
        tensors[output_name(key, label)] = value
    return tensors


def output_name(key: Any, label: str) -> str:
    """Returns the name of an output; "/" joins that of several heads.

    Args:
      key: String, or tuple of strings.
      label: What errors call the outputs.

    Raises:
      ValueError: It is none of these.
    """
    parts = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(part, str) for part in parts):
        raise ValueError(f"{label} output key must be a string; got {key!r}.")
    return "/".join(parts)
