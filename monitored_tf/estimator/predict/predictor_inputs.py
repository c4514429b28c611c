"""What a predictor is fed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

_v1 = tf.compat.v1
_FEATURE = "feature"


def placeholders(feature_spec: Any) -> Any:
    """Returns placeholders for features, in the default graph.

    Args:
      feature_spec: A spec, or a dict of them: `tf.TensorSpec` and
        `tf.SparseTensorSpec` with the batch dimension,
        `tf.io.FixedLenFeature` and `tf.io.VarLenFeature` without it.

    Raises:
      TypeError: if it is something else.
    """
    if isinstance(feature_spec, Mapping):
        return {
            name: _placeholder(str(name), spec)
            for name, spec in feature_spec.items()
        }
    return _placeholder(_FEATURE, feature_spec)


def named(tensors: Any) -> dict[Any, Any]:
    """Returns tensors by name; one alone gets a name.

    Args:
      tensors: A tensor, or a dict of them.
    """
    return (
        dict(tensors) if isinstance(tensors, Mapping) else {_FEATURE: tensors}
    )


def feed(tensors: Mapping[Any, Any], features: Any) -> dict[Any, Any]:
    """Returns what is fed for features.

    Args:
      tensors: What can be fed, by name.
      features: Arrays by name; where only one is fed, also this alone.

    Raises:
      ValueError: if a name is unknown, or one is missing that has no default.
    """
    if not isinstance(features, Mapping):
        if len(tensors) != 1:
            raise ValueError(
                f"features must be a dict with {[*tensors]}. Got "
                f"{features!r:.200}, of type {type(features).__name__}."
            )
        features = dict.fromkeys(tensors, features)
    unknown = [name for name in features if name not in tensors]
    missing = [
        name
        for name, tensor in tensors.items()
        if name not in features and not _has_default(tensor)
    ]
    if unknown or missing:
        raise ValueError(
            f"Got unexpected keys in features: {unknown}; missing: {missing}. "
            f"Expected {[*tensors]}."
        )
    return {tensors[name]: value for name, value in features.items()}


def _has_default(tensor: Any) -> bool:
    return (
        isinstance(tensor, tf.Tensor)
        and tensor.op.type == "PlaceholderWithDefault"
    )


def _placeholder(name: str, spec: Any) -> Any:
    if isinstance(spec, tf.TensorSpec):
        return _v1.placeholder(spec.dtype, spec.shape, name)
    if isinstance(spec, tf.SparseTensorSpec):
        return _v1.sparse_placeholder(spec.dtype, spec.shape, name)
    if isinstance(spec, tf.io.FixedLenFeature):
        shape = tf.TensorShape([None]).concatenate(spec.shape)
        return _v1.placeholder(spec.dtype, shape, name)
    if isinstance(spec, tf.io.VarLenFeature):
        return _v1.sparse_placeholder(spec.dtype, name=name)
    raise TypeError(
        "feature_spec must hold tf.TensorSpec, tf.SparseTensorSpec, "
        "tf.io.FixedLenFeature or tf.io.VarLenFeature. Got "
        f"{spec!r:.200} for {name!r}."
    )
