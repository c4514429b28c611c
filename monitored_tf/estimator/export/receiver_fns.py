"""Functions that make receiver functions, for the usual ways to feed."""

from __future__ import annotations

from typing import Any, Callable

import tensorflow as tf

from monitored_tf.estimator.export.receiver_tensors import (
    LABEL_NAME,
    RECEIVER_NAME,
)
from monitored_tf.estimator.export.receivers import (
    ServingInputReceiver,
    SupervisedInputReceiver,
)

_v1 = tf.compat.v1


def build_parsing_serving_input_receiver_fn(
    feature_spec: dict[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """Makes a receiver function that is fed serialized tf.Examples.

    Args:
      feature_spec: What tf.io.parse_example takes: dict of FixedLenFeature,
        VarLenFeature and the like by name.
      default_batch_size: Number of examples; None is any.

    Returns:
      A function without arguments. It makes the placeholder
      `input_example_tensor`, to be fed as "examples", and parses it.
    """

    def serving_input_receiver_fn() -> ServingInputReceiver:
        examples = _v1.placeholder(
            tf.string, [default_batch_size], name="input_example_tensor"
        )
        features = _v1.io.parse_example(examples, feature_spec)
        return ServingInputReceiver(features, {"examples": examples})

    return serving_input_receiver_fn


def build_raw_serving_input_receiver_fn(
    features: dict[str, Any], default_batch_size: int | None = None
) -> Callable[[], ServingInputReceiver]:
    """Makes a receiver function that is fed the features themselves.

    Args:
      features: Dict by name of tensors with the dtype, the shape and the op
        name that the placeholders shall have; their values don't matter.
      default_batch_size: First dimension of the placeholders; None is any.

    Returns:
      A function without arguments.

    Raises:
      TypeError: `features` is no dict.
    """
    if not isinstance(features, dict):
        raise TypeError(
            "features must be a dict of tensors by name; got "
            f"{type(features).__name__}. Name the tensor: {{'x': tensor}}."
        )

    def serving_input_receiver_fn() -> ServingInputReceiver:
        tensors = _placeholders(features, default_batch_size)
        return ServingInputReceiver(tensors, tensors)

    return serving_input_receiver_fn


def build_raw_supervised_input_receiver_fn(
    features: Any, labels: Any, default_batch_size: int | None = None
) -> Callable[[], SupervisedInputReceiver]:
    """Makes a receiver function that is fed features and labels themselves.

    Args:
      features: Tensor, fed as "input", or dict of tensors by name; the
        placeholders get their dtype, shape and op name.
      labels: Tensor, fed as "label", or dict of tensors by name.
      default_batch_size: First dimension of the placeholders; None is any.

    Returns:
      A function without arguments.

    Raises:
      ValueError: A name is in both, or one of the two is None.
    """
    if features is None or labels is None:
        missing = "features" if features is None else "labels"
        raise ValueError(f"{missing} must be defined; got None.")
    named_features = _named(features, RECEIVER_NAME)
    named_labels = _named(labels, LABEL_NAME)
    in_both = named_features.keys() & named_labels.keys()
    if in_both:
        raise ValueError(
            "Features and labels must have distinct keys. Found overlapping "
            f"keys: {sorted(in_both, key=str)}."
        )

    def supervised_input_receiver_fn() -> SupervisedInputReceiver:
        feature_tensors = _placeholders(named_features, default_batch_size)
        label_tensors = _placeholders(named_labels, default_batch_size)
        return SupervisedInputReceiver(
            _in_form_of(features, feature_tensors),
            _in_form_of(labels, label_tensors),
            {**feature_tensors, **label_tensors},
        )

    return supervised_input_receiver_fn


def build_supervised_input_receiver_fn_from_input_fn(
    input_fn: Callable[..., Any], **input_fn_args: Any
) -> Callable[[], SupervisedInputReceiver]:
    """Makes a receiver function that is fed what an input_fn gives.

    Args:
      input_fn: Returns `(features, labels)` or a Dataset of such pairs. It is
        called once, here, in a graph of its own: only dtypes, shapes and names
        of its tensors are used.
      **input_fn_args: Its arguments.

    Returns:
      A function without arguments.

    Raises:
      ValueError: It does not return features and labels, or a name is in both.
    """
    with tf.Graph().as_default():
        pair = input_fn(**input_fn_args)
        if isinstance(pair, tf.data.Dataset):
            pair = _v1.data.make_initializable_iterator(pair).get_next()
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(
            "input_fn should return (features, labels), of length 2, or a "
            f"Dataset of such pairs; got {pair!r}."
        )
    return build_raw_supervised_input_receiver_fn(*pair)


def _named(tensors: Any, name: str) -> dict[Any, Any]:
    return tensors if isinstance(tensors, dict) else {name: tensors}


def _in_form_of(given: Any, tensors: dict[Any, Any]) -> Any:
    """Returns the dict if one was given, else its only tensor."""
    return tensors if isinstance(given, dict) else next(iter(tensors.values()))


def _placeholders(
    tensors: dict[Any, Any], batch_size: int | None
) -> dict[Any, Any]:
    return {
        key: _placeholder(tensor, batch_size) for key, tensor in tensors.items()
    }


def _placeholder(tensor: Any, batch_size: int | None) -> Any:
    """Returns a placeholder for any number of such rows, of the same name."""
    shape = tf.TensorShape([batch_size]).concatenate(tensor.shape[1:])
    try:
        name = tensor.op.name
    except AttributeError:  # An eager tensor belongs to no op.
        name = None
    return _v1.placeholder(tensor.dtype, shape, name)
